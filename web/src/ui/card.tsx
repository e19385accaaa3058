import { type ReactNode, useId } from 'react';

interface CardProps {
  readonly title: string;
  readonly aside?: ReactNode;
  /** Without a margin around the content: for tables. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Card({ title, aside, flush = false, children }: CardProps) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside === undefined ? null : <div className="aside">{aside}</div>}
      </header>
      <div className={flush ? 'flush' : 'body'}>{children}</div>
    </section>
  );
}

interface Figure {
  readonly name: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
  readonly tone?: 'good' | 'bad' | undefined;
}

export function Figures({ figures, label }: { readonly figures: readonly Figure[]; readonly label: string }) {
  return (
    <dl className="figures" aria-label={label}>
      {figures.map(({ name, value, note, tone }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={tone}>{value}</dd>
          {note === undefined ? null : <dd className="note">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
