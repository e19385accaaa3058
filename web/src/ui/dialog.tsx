/** What stands in front of the page. The browser's own dialog: it keeps the focus and closes with Escape. */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { ProblemView } from './states.tsx';

interface ModalProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Modal({ title, onClose, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const before = useRef<Element | null>(null);
  useEffect(() => {
    const dialog = ref.current;
    before.current ??= document.activeElement;
    if (dialog !== null && !dialog.open) dialog.showModal();
    return () => {
      // The browser gives the focus back only to who closes the dialog; here it is taken away, open as it is.
      const opener = before.current;
      if (opener instanceof HTMLElement && opener.isConnected && document.activeElement === document.body)
        opener.focus();
    };
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface DialogProps extends ModalProps {
  /** What the button that does it says. */
  readonly verb: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  /** What it says while it is being done. */
  readonly busyText?: string;
  readonly ready?: boolean;
  readonly error: unknown;
  /** Paths of errors that stand beside their fields. */
  readonly placed?: readonly string[];
  readonly onSubmit: () => void;
}

/** A question before something is done. */
export function Dialog(props: DialogProps) {
  const { title, verb, danger = false, busy, busyText = 'One moment…', ready = true } = props;
  const { error, placed = [], onSubmit, onClose, children } = props;
  return (
    <Modal title={title} onClose={onClose}>
      <form
        className="dialog-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) onSubmit();
        }}
      >
        {children}
        <ProblemView error={error} placed={placed} />
        <div className="row end">
          <button type="button" className="button" onClick={onClose}>
            Go back
          </button>
          <button
            type="submit"
            className={`button ${danger ? 'danger solid' : 'primary'}`}
            disabled={busy || !ready}
          >
            {busy ? busyText : verb}
          </button>
        </div>
      </form>
    </Modal>
  );
}

interface ReasonProps {
  readonly label?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly required?: boolean;
}

export function ReasonField({ label = 'Reason', value, onChange, required = true }: ReasonProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {required ? '' : '(optional)'}
      </label>
      <textarea
        id={id}
        className="input"
        maxLength={2000}
        required={required}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <span className="hint">It is recorded with your name and shown wherever the decision is.</span>
    </div>
  );
}

/** What a decision will do, in numbers. */
export function Effects({ lines }: { readonly lines: readonly (readonly [count: string, what: string])[] }) {
  return (
    <ul className="effects" aria-label="What this does">
      {lines.map(([count, what]) => (
        <li key={what}>
          <strong>{count}</strong>
          <span>{what}</span>
        </li>
      ))}
    </ul>
  );
}
