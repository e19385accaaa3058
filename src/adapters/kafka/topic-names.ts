/** The topics of a deployment. */
export interface TopicNames {
  /** Messages of vehicles; its partitions are the shards. */
  readonly feedback: string;
  /** Every domain event, as CloudEvents. */
  readonly events: string;
  /** What could not be read or could not be true, with why. */
  readonly deadLetter: string;
  /** Last known connection of each vehicle; compacted. */
  readonly presence: string;
  /** Nothing is in it but the checks of `doctor`: the groups on its only partition decide who leads. */
  readonly leadership: string;
}

export const topicNames = (prefix: string): TopicNames => ({
  feedback: `${prefix}.vehicle-feedback`,
  events: `${prefix}.events`,
  deadLetter: `${prefix}.dead-letter`,
  presence: `${prefix}.presence`,
  leadership: `${prefix}.leadership`,
});
