/** The address is the state: what is shown can be sent to somebody else as a link. */
import {
  type AnchorHTMLAttributes,
  type MouseEvent,
  useCallback,
  useMemo,
  useSyncExternalStore,
} from 'react';

const MOVED = 'fleetwave:moved';

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener);
  window.addEventListener(MOVED, listener);
  return () => {
    window.removeEventListener('popstate', listener);
    window.removeEventListener(MOVED, listener);
  };
}

const snapshot = (): string => window.location.pathname + window.location.search;

export function navigate(to: string, { replace = false } = {}): void {
  if (to === snapshot()) return;
  const samePage = to.split('?')[0] === window.location.pathname;
  if (replace) window.history.replaceState(null, '', to);
  else window.history.pushState(null, '', to);
  window.dispatchEvent(new Event(MOVED));
  if (!samePage) window.scrollTo(0, 0);
}

export interface Route {
  /** Decoded parts of the path: `/campaigns/spring` is `['campaigns', 'spring']`. */
  readonly parts: readonly string[];
  readonly path: string;
  readonly query: URLSearchParams;
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, snapshot);
  return useMemo(() => {
    const [path = '/', query = ''] = address.split('?');
    return { path, parts: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) };
  }, [address]);
}

/** One value of the address' query. The fallback is not written, so that links stay short. */
export function useQueryState(name: string, fallback = ''): readonly [string, (value: string) => void] {
  const { query } = useRoute();
  const value = query.get(name) ?? fallback;
  const set = useCallback(
    (next: string) => {
      const now = new URLSearchParams(window.location.search);
      if (next === fallback) now.delete(name);
      else now.set(name, next);
      const text = now.toString();
      navigate(window.location.pathname + (text === '' ? '' : `?${text}`), { replace: true });
    },
    [name, fallback],
  );
  return [value, set];
}

/** A link that the page follows itself; with a modifier it is the browser's. */
export function Link({
  to,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly to: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const itsOwn = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (event.defaultPrevented || itsOwn) return;
    event.preventDefault();
    navigate(to);
  };
  return <a href={to} onClick={follow} {...rest} />;
}
