import type { ReactNode } from 'react';
import { Scrolls } from './scrolls.tsx';

interface TableProps {
  readonly label: string;
  readonly head: readonly string[];
  /** Columns of numbers: they stand at the right. */
  readonly numeric?: readonly string[];
  readonly className?: string;
  /** Its rows. */
  readonly children: ReactNode;
}

/** Scrolls by itself where it is wider than the screen. */
export function Table({ label, head, numeric = [], className = '', children }: TableProps) {
  return (
    <Scrolls label={label}>
      <table className={`table ${className}`}>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col" className={numeric.includes(name) ? 'num' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scrolls>
  );
}
