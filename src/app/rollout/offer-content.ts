/** What all offers of a campaign have in common, made once: a million triggers share its JSON (DESIGN §13 B7). */
import { artifactDecider, manifestDigestOf } from '../../domain/artifact/decide.ts';
import { type Artifact, manifestOf } from '../../domain/artifact/state.ts';
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import { artifactStream } from '../../domain/shared/streams.ts';
import { MAX_MESSAGE_BYTES } from '../../protocol/topics.ts';
import { foldStream } from '../handle-command.ts';
import type { EventStore } from '../ports.ts';
import type { CampaignWatch } from './campaign-watch.ts';

export interface OfferContent {
  /** Why nothing may be offered; null when it may. What is under way is not touched. */
  readonly hold: string | null;
  readonly artifacts: readonly Artifact[];
  /** `ecuType/component` of each artifact: two campaigns may not hold the same one of a vehicle at once. */
  readonly targets: ReadonlySet<string>;
  /** Fields of the offer after those that differ by vehicle, without the closing brace. */
  readonly json: string;
}

/** Of an update message: leaves room for what differs by vehicle, and for another campaign's offer. */
const MAX_CONTENT_BYTES = MAX_MESSAGE_BYTES - 4096;

interface Kept {
  readonly policy: CampaignPolicy;
  readonly versions: string;
  readonly content: Promise<OfferContent>;
}

export class OfferContents {
  readonly #store: EventStore;
  readonly #watch: CampaignWatch;
  readonly #digest: (text: string) => string;
  readonly #kept = new Map<string, Kept>();

  constructor(store: EventStore, watch: CampaignWatch, digest: (text: string) => string) {
    this.#store = store;
    this.#watch = watch;
    this.#digest = digest;
  }

  /** Made anew when the policy or one of its artifacts has changed. */
  of(campaignId: string, policy: CampaignPolicy): Promise<OfferContent> {
    const versions = policy.artifacts.map((id) => this.#watch.artifactVersion(id)).join();
    const kept = this.#kept.get(campaignId);
    if (kept !== undefined && kept.policy === policy && kept.versions === versions) return kept.content;
    const content = this.#make(policy);
    this.#kept.set(campaignId, { policy, versions, content });
    content.catch(() => {
      if (this.#kept.get(campaignId)?.content === content) this.#kept.delete(campaignId);
    });
    return content;
  }

  /** Of a campaign that is over: up to 64 KiB that nobody will ask for. */
  forget(campaignId: string): void {
    this.#kept.delete(campaignId);
  }

  async #make(policy: CampaignPolicy): Promise<OfferContent> {
    const streams = await this.#store.readStreams(policy.artifacts.map(artifactStream));
    const artifacts: Artifact[] = [];
    const problems: string[] = [];
    for (const [index, artifactId] of policy.artifacts.entries()) {
      const { state, newer } = foldStream(artifactDecider, streams[index] ?? []);
      if (state.stage === 'none') {
        problems.push(`${artifactId} does not exist`);
        continue;
      }
      artifacts.push(state);
      if (newer !== null) problems.push(`${artifactId} was written by a newer version (${newer})`);
      else problems.push(...this.#problemsOf(state));
    }
    const parts = artifacts.map((artifact) => ({
      manifest: manifestOf(artifact),
      signatures: artifact.release?.signatures ?? [],
    }));
    const { preconditions, consentTextKey } = policy;
    const json = `"artifacts":${JSON.stringify(parts)},"preconditions":${JSON.stringify(preconditions)},"consentTextKey":${JSON.stringify(consentTextKey)}`;
    const bytes = Buffer.byteLength(json);
    if (bytes > MAX_CONTENT_BYTES)
      problems.push(`the offer has ${bytes} bytes, more than the ${MAX_CONTENT_BYTES} of a message`);
    return {
      hold: problems.length === 0 ? null : problems.join('; '),
      artifacts,
      targets: new Set(artifacts.map(({ target }) => `${target.ecuType}/${target.component}`)),
      json,
    };
  }

  /** The digest that was released must be the one of what is offered (DESIGN §9). Deprecated ones may finish. */
  #problemsOf(artifact: Artifact): string[] {
    const { artifactId, stage, release } = artifact;
    if ((stage !== 'released' && stage !== 'deprecated') || release === null)
      return [`${artifactId} is ${stage}`];
    if (manifestDigestOf(artifact, this.#digest) === release.manifestDigest) return [];
    return [`the manifest of ${artifactId} is not the one that was released`];
  }
}
