/** Taking data out of a table: to the clipboard or as a file. */
import { useState } from 'react';
import { type Cell, toCsv, toTsv } from '../lib/csv.ts';

/** Works without TLS too, where browsers have no clipboard for pages. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

const SAID_MS = 2000;

export interface TakeProps {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: () => readonly (readonly Cell[])[];
}

export function TakeTable({ name, head, rows }: TakeProps) {
  const [said, setSaid] = useState<string | null>(null);
  const say = (text: string): void => {
    setSaid(text);
    setTimeout(() => setSaid(null), SAID_MS);
  };
  /** Rows are made when they are asked for: there may be very many. */
  const take = (to: (taken: readonly (readonly Cell[])[]) => void): void => {
    const taken = rows();
    if (taken.length === 0) say('No rows yet');
    else to(taken);
  };
  const copy = (): void => take((taken) => void copyText(toTsv(head, taken)).then(() => say('Copied')));
  const save = (): void => take((taken) => saveFile(`${name}.csv`, 'text/csv', toCsv(head, taken)));
  return (
    <span className="row">
      <button type="button" className="button plain" onClick={copy} aria-label={`Copy ${name}`}>
        {said ?? 'Copy'}
      </button>
      <button type="button" className="button plain" aria-label={`Save ${name} as CSV`} onClick={save}>
        CSV
      </button>
    </span>
  );
}
