/** One of several processes does what only one should do at a time. That it is only one is a matter of economy: what it does is safe when two do it for a moment. */
export interface Leadership {
  /**
   * Competes for a task. `lead` is called when it is this process's turn; its signal is aborted when the turn is over
   * (another process has it, the engine that decides can't be reached, or `stop`). The next turn begins only after
   * `lead` has resolved; one that rejects gives its turn up and competes again after a pause.
   */
  compete(task: string, lead: (signal: AbortSignal) => Promise<void>): Candidate;
  close(): Promise<void>;
}

export interface Candidate {
  state(): 'leading' | 'waiting';
  /** Gives the turn up; resolves when `lead` has resolved. */
  stop(): Promise<void>;
}
