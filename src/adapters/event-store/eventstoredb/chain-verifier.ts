/**
 * Recomputes the hash chain of every stream from the events in the order of `$all`. Finds a changed name, metadata
 * or data, and a missing, added or reordered append; not a whole missing end of a stream: keep the last hash
 * elsewhere to detect that. Remembers about 200 bytes per stream.
 */
import type { VerifyProgress } from '../../../app/ports.ts';
import { FIRST_LINK } from '../chain.ts';
import { AppendAssembler, checkAppend, type WholeAppend } from './whole-appends.ts';
import type { WireEvent } from './wire-event.ts';

const APPENDS_PER_STEP = 2000;
/** More are of no use, and a wrong log could have millions. */
const MAX_PROBLEMS = 1000;

interface End {
  readonly next: number;
  /** As a latin1 string. */
  readonly hash: string;
}

export async function* verifyChains(
  batches: AsyncIterable<readonly WireEvent[]>,
): AsyncGenerator<VerifyProgress> {
  const verification = new Verification();
  let told = 0;
  for await (const batch of batches) {
    for (const event of batch) verification.add(event);
    if (verification.appends - told < APPENDS_PER_STEP) continue;
    told = verification.appends;
    yield verification.progress;
  }
  verification.end();
  yield verification.progress;
}

class Verification {
  readonly #assembler = new AppendAssembler(false);
  readonly #ends = new Map<string, End>();
  readonly #problems: VerifyProgress['problems'][number][] = [];
  #appends = 0;

  get appends(): number {
    return this.#appends;
  }

  get progress(): VerifyProgress {
    return { appends: this.#appends, streams: this.#ends.size, problems: [...this.#problems] };
  }

  add(event: WireEvent): void {
    for (const append of this.#assembler.add(event)) this.#check(append);
  }

  end(): void {
    for (const append of this.#assembler.end()) this.#check(append);
  }

  #check(append: WholeAppend): void {
    const { stream, first, events, hash } = append;
    const { next, hash: previous } = this.#ends.get(stream) ?? FIRST;
    if (first !== next)
      this.#report(append, `the append after revision ${next - 1} is missing or out of order`);
    for (const what of checkAppend(append, Buffer.from(previous, 'latin1'))) this.#report(append, what);
    this.#appends += 1;
    const last = events.at(-1)?.revision ?? first;
    this.#ends.set(stream, { next: last + 1, hash: hash?.toString('latin1') ?? previous });
  }

  #report({ stream, first }: WholeAppend, what: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ stream, revision: first, what });
  }
}

const FIRST: End = { next: 0, hash: Buffer.from(FIRST_LINK).toString('latin1') };
