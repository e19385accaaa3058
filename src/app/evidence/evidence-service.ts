/** Makes bundles of evidence for vehicles and campaigns, signed with the deployment's own key. */
import { canonicalJson } from '../../protocol/canonical.ts';
import type { Clock, EventStore, ManifestSigner } from '../ports.ts';
import { BUNDLE_FORMAT, type EvidenceBundle, type EvidenceContent, type EvidenceItem } from './bundle.ts';
import { campaignItems } from './campaign-items.ts';
import { NOT_COVERED, REGULATION } from './clauses.ts';
import { Collection } from './collect.ts';
import { type VehiclePart, vehicleItems } from './vehicle-items.ts';

export interface EvidenceDeps {
  readonly store: Pick<EventStore, 'streamAppends' | 'readStream'>;
  readonly signer: ManifestSigner;
  readonly clock: Clock;
}

export type EvidenceService = ReturnType<typeof createEvidenceService>;

/** The bytes that are signed. */
export const signedBytes = ({
  signature: _,
  ...content
}: EvidenceContent & { signature?: unknown }): Uint8Array => Buffer.from(canonicalJson(content));

export function createEvidenceService({ store, signer, clock }: EvidenceDeps) {
  async function bundle(
    subject: EvidenceContent['subject'],
    collect: (collection: Collection) => Promise<readonly EvidenceItem[]>,
  ): Promise<EvidenceBundle> {
    const collection = new Collection(store);
    const items = [...(await collect(collection))];
    const content: EvidenceContent = {
      format: BUNDLE_FORMAT,
      regulation: REGULATION,
      subject,
      madeAt: new Date(clock.now()).toISOString(),
      items,
      notCovered: [...NOT_COVERED],
      streams: collection.streams,
      appends: collection.appends,
    };
    // As it will be read back: what JSON does not have is not signed either.
    const plain = JSON.parse(JSON.stringify(content)) as EvidenceContent;
    return { ...plain, signature: await signer.sign(signedBytes(plain)) };
  }

  return {
    ofVehicle: (
      vehicleId: string,
      vin: string | null,
      parts: readonly VehiclePart[],
    ): Promise<EvidenceBundle> =>
      bundle({ kind: 'vehicle', id: vehicleId, vin }, (collection) =>
        vehicleItems(collection, vehicleId, parts),
      ),
    ofCampaign: (campaignId: string): Promise<EvidenceBundle> =>
      bundle({ kind: 'campaign', id: campaignId, vin: null }, (collection) =>
        campaignItems(collection, campaignId),
      ),
  };
}
