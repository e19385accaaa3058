import { createContext, type InputHTMLAttributes, use } from 'react';

/** What is wrong with fields, by their id. */
export const FieldErrors = createContext<Readonly<Record<string, string>>>({});

interface InvalidProps {
  readonly 'aria-invalid'?: true;
  readonly 'aria-describedby'?: string;
}

/** For a control whose error stands beside it. */
export function useInvalid(id: string): InvalidProps {
  return use(FieldErrors)[id] === undefined
    ? {}
    : { 'aria-invalid': true, 'aria-describedby': `${id}-error` };
}

/** What is wrong with this field; nothing when nothing is. */
export function FieldError({ id }: { readonly id: string }) {
  const error = use(FieldErrors)[id];
  return error === undefined ? null : (
    <span className="hint wrong" id={`${id}-error`}>
      {error}
    </span>
  );
}

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
}

export function TextField({ id, label, value, onChange, hint, ...rest }: TextFieldProps) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        {...useInvalid(id)}
        {...rest}
      />
      {hint === undefined ? null : <span className="hint">{hint}</span>}
      <FieldError id={id} />
    </div>
  );
}
