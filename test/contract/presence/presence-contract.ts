/** What every way of telling presence must do. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PresenceFeed, PresenceSignal } from '../../../src/app/ports.ts';
import { eventually } from '../feedback/feedback-contract.ts';

export const signal = (vehicleId: string, online: boolean | null, at: number): PresenceSignal => ({
  vehicleId,
  online,
  at,
});

export function presenceContract(name: string, open: () => Promise<PresenceFeed>): void {
  describe(`presence: ${name}`, () => {
    const opened: PresenceFeed[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((feed) => feed.stop()));
    });
    const opens = async (): Promise<PresenceFeed> => {
      const feed = await open();
      opened.push(feed);
      return feed;
    };

    it('gives on what is told, as it was', async () => {
      const feed = await opens();
      const heard: PresenceSignal[] = [];
      await feed.follow((signals) => heard.push(...signals));
      const told = [signal('V1', true, 1000), signal('V2', false, 1001), signal('V3', null, 1002)];
      for (const one of told) feed.tell(one);
      await eventually(() => expect(heard).toHaveLength(3));
      expect(heard).toEqual(expect.arrayContaining(told));
    });

    it('the last that is heard of a vehicle is the last that was told', async () => {
      const feed = await opens();
      const heard = new Map<string, PresenceSignal>();
      await feed.follow((signals) => {
        for (const one of signals) heard.set(one.vehicleId, one);
      });
      for (let n = 0; n <= 100; n++) feed.tell(signal('V1', n % 2 === 0, n));
      await eventually(() => expect(heard.get('V1')).toEqual(signal('V1', true, 100)));
    });

    it('tells every listener', async () => {
      const feed = await opens();
      const heard: string[] = [];
      await feed.follow((signals) => heard.push(...signals.map(({ vehicleId }) => `a ${vehicleId}`)));
      await feed.follow((signals) => heard.push(...signals.map(({ vehicleId }) => `b ${vehicleId}`)));
      feed.tell(signal('V1', true, 1));
      await eventually(() => expect(heard.toSorted()).toEqual(['a V1', 'b V1']));
    });

    it('tells nothing after it was stopped', async () => {
      const feed = await opens();
      const heard: PresenceSignal[] = [];
      await feed.follow((signals) => heard.push(...signals));
      await feed.stop();
      feed.tell(signal('V1', true, 1));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(heard).toEqual([]);
    });
  });
}
