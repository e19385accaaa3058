/** A fault asked for: this subscription ends here. */
import type { SubscriptionEnd } from './faults.ts';

export class SubscriptionDropped extends Error {
  readonly how: SubscriptionEnd;

  constructor(how: SubscriptionEnd) {
    super(`The subscription was dropped (${how}).`);
    this.how = how;
  }
}
