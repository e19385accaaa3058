/** Keys of the whole page. */

/** After `g`. */
export const GO: Readonly<Record<string, { readonly to: string; readonly name: string }>> = {
  f: { to: '/', name: 'Fleet' },
  c: { to: '/campaigns', name: 'Campaigns' },
  p: { to: '/plan', name: 'Plan' },
  v: { to: '/vehicles', name: 'Vehicles' },
  a: { to: '/artifacts', name: 'Artifacts' },
};

export type KeyAction =
  | { readonly kind: 'search' }
  | { readonly kind: 'help' }
  | { readonly kind: 'go'; readonly to: string }
  /** The first key of two. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'none' };

/** @param begun whether `g` came just before. */
export function actionOf(key: string, begun: boolean): KeyAction {
  if (begun) {
    const place = GO[key];
    if (place !== undefined) return { kind: 'go', to: place.to };
  }
  if (key === 'g') return { kind: 'begun' };
  if (key === '/') return { kind: 'search' };
  if (key === '?') return { kind: 'help' };
  return { kind: 'none' };
}
