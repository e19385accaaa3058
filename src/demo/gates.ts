/** Gate limits that the seeded failures stay within, and hardly anything more. */

/** A wave with more failures than allowed for is as unlikely as this. */
const RISK = 1e-4;

/** Failures that a wave of `wave` vehicles has at most (but for the risk), drawn from `fleet` with `failing` in it. */
export function mostFailures(fleet: number, failing: number, wave: number): number {
  const most = Math.min(failing, wave);
  const logChoose = (n: number, k: number): number => {
    let sum = 0;
    for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
    return sum;
  };
  const total = logChoose(fleet, wave);
  let tail = 0;
  for (let k = most; k > 0; k--) {
    if (wave - k > fleet - failing) return k;
    tail += Math.exp(logChoose(failing, k) + logChoose(fleet - failing, wave - k) - total);
    if (tail > RISK) return k;
  }
  return 0;
}

/** Success and failure limit of a wave, percent of its targets. */
export function gateOf(
  fleet: number,
  failing: number,
  wave: number,
): { readonly successPercent: number; readonly failurePercent: number } {
  const vehicles = Math.max(1, wave);
  const failurePercent = Math.min(
    100,
    Math.ceil((100 * mostFailures(fleet, failing, vehicles)) / vehicles) + 1,
  );
  return { failurePercent, successPercent: 100 - failurePercent };
}
