/** Commands of process managers: idempotent by their cause, logged when refused, retried with back-off. */
import type { CampaignCommand } from '../../domain/campaign/commands.ts';
import type { CampaignState } from '../../domain/campaign/state.ts';
import type { CommandEnvelope, CommandOutcome, Runtime } from '../handle-command.ts';
import type { Log } from '../ports.ts';
import { backoff_ms } from './agent.ts';
import { runCampaignCommand } from './lookups.ts';

export interface SystemCommand {
  readonly campaignId: string;
  readonly command: CampaignCommand;
  /** Id of the event that caused it, and what for: together the command's id. */
  readonly cause: string;
  readonly purpose: string;
  readonly correlationId?: string;
}

export const systemEnvelope = (issuer: string, cause: string, correlationId?: string): CommandEnvelope => ({
  actor: { kind: 'system', id: issuer },
  source: issuer,
  causationId: cause,
  ...(correlationId === undefined ? {} : { correlationId }),
});

/**
 * The same cause and purpose is the same command, whatever time it is issued at: the digest is of its id. The id
 * has no colon, as those of persons have behind the name: nobody can take it by an Idempotency-Key.
 */
function envelopeOf(runtime: Runtime, issuer: string, request: SystemCommand): CommandEnvelope {
  const id = `${issuer}/${request.cause}/${request.purpose}`;
  const envelope = systemEnvelope(issuer, request.cause, request.correlationId);
  return { ...envelope, command: { id, digest: runtime.digest(id) } };
}

/** Since when, and until when, something that fails is left alone. Bounded: one entry per key that fails now. */
export class Backoffs {
  readonly #entries = new Map<string, { failures: number; until: number }>();

  clear(): void {
    this.#entries.clear();
  }

  /** Milliseconds since 1970 before which it is not tried again; 0 when it may be. */
  until(key: string): number {
    return this.#entries.get(key)?.until ?? 0;
  }

  failed(key: string, now: number): number {
    const failures = (this.#entries.get(key)?.failures ?? 0) + 1;
    const until = now + backoff_ms(failures);
    this.#entries.set(key, { failures, until });
    return until;
  }

  succeeded(key: string): void {
    this.#entries.delete(key);
  }
}

/** Runs it. A refusal or an error is logged, and null given: the caller backs off. */
export async function issue(
  runtime: Runtime,
  log: Log,
  issuer: string,
  request: SystemCommand,
): Promise<Extract<CommandOutcome<CampaignState>, { ok: true }> | null> {
  const { campaignId, command, cause } = request;
  const fields = { campaignId, command: command.type, cause };
  try {
    const envelope = envelopeOf(runtime, issuer, request);
    const outcome = await runCampaignCommand(runtime, campaignId, command, envelope);
    if (outcome.ok) return outcome;
    log('warn', `${issuer}: ${command.type} was refused: ${outcome.rejection.message}`, {
      ...fields,
      code: outcome.rejection.code,
    });
  } catch (error) {
    log('error', `${issuer}: ${command.type} failed`, { ...fields, error });
  }
  return null;
}
