/** What `doctor` finds out about an engine by one check. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; empty when nothing. */
  readonly advice: string;
}

export const good = (check: string, detail: string): Finding => ({ check, ok: true, detail, advice: '' });
export const bad = (check: string, detail: string, advice: string): Finding => ({
  check,
  ok: false,
  detail,
  advice,
});
