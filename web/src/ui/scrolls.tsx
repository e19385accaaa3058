import type { ReactNode } from 'react';

/** What may be wider than the screen scrolls by itself, with the keyboard too. */
export function Scrolls({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="scrolls" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
