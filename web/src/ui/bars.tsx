/** Shares as bars. Each is an image with its numbers as text, and stays where it is while they change. */

export interface Part {
  readonly name: string;
  readonly value: number;
  readonly color: string;
}

/** @param total what the whole width stands for; what the parts leave of it stays empty. */
export function StackedBar({
  parts,
  total,
  label,
}: {
  readonly parts: readonly Part[];
  readonly total: number;
  readonly label: string;
}) {
  let x = 0;
  return (
    <svg className="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect width="100" height="10" fill="var(--sunken)" />
      {parts.map(({ name, value, color }) => {
        const width = total === 0 ? 0 : (value / total) * 100;
        const at = x;
        x += width;
        return <rect key={name} className="eases" x={at} width={width} height="10" fill={color} />;
      })}
    </svg>
  );
}

export function Legend({
  parts,
  format,
}: {
  readonly parts: readonly Part[];
  readonly format: (value: number) => string;
}) {
  return (
    <div className="legend">
      {parts.map(({ name, value, color }) => (
        <Swatch key={name} color={color} text={`${name} ${format(value)}`} />
      ))}
    </div>
  );
}

function Swatch({ color, text }: { readonly color: string; readonly text: string }) {
  return <span style={{ '--swatch': color } as object}>{text}</span>;
}

export function MeterBar({
  value,
  of,
  label,
  color = 'var(--run)',
}: {
  readonly value: number;
  readonly of: number;
  readonly label: string;
  readonly color?: string;
}) {
  return <StackedBar parts={[{ name: 'value', value, color }]} total={of} label={label} />;
}
