/** Where the versions of the real server differ in what a client sees. */

export type ServerVersion = '23.10' | '24.10' | '25.1';

export interface Behaviour {
  /** As ServerFeatures tells it. */
  readonly version: string;
  /**
   * Up to 24.10 only the data counts towards the largest append, because of how the server's sum is bracketed;
   * from 25 on metadata and type (two bytes a character) count too.
   */
  readonly countsMetadata: boolean;
  /**
   * What a filtered subscription says when it has read to the end and goes live. 23.10: nothing. 24.10: a
   * checkpoint where it is, which is the greatest unsigned number as long as it has neither sent an event nor
   * reached an interval. 25: a checkpoint that is never beyond what was read.
   */
  readonly checkpointWhenCaughtUp: 'none' | 'as-is' | 'reached';
  /** 23.10 goes on live with the interval where it stopped catching up; later versions start it anew. */
  readonly intervalGoesOnLive: boolean;
}

export const BEHAVIOURS: Readonly<Record<ServerVersion, Behaviour>> = {
  '23.10': {
    version: '23.10.6',
    countsMetadata: false,
    checkpointWhenCaughtUp: 'none',
    intervalGoesOnLive: true,
  },
  '24.10': {
    version: '24.10.4',
    countsMetadata: false,
    checkpointWhenCaughtUp: 'as-is',
    intervalGoesOnLive: false,
  },
  '25.1': {
    version: '25.1.4',
    countsMetadata: true,
    checkpointWhenCaughtUp: 'reached',
    intervalGoesOnLive: false,
  },
};
