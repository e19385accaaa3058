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

export interface TakeProps {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: () => readonly (readonly Cell[])[];
}

export function TakeTable({ name, head, rows }: TakeProps) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    const text = toTsv(head, rows());
    void copyText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    });
  };
  return (
    <span className="row">
      <button type="button" className="button plain" onClick={copy} aria-label={`Copy ${name}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <button
        type="button"
        className="button plain"
        aria-label={`Save ${name} as CSV`}
        onClick={() => saveFile(`${name}.csv`, 'text/csv', toCsv(head, rows()))}
      >
        CSV
      </button>
    </span>
  );
}
