import { useId } from 'react';
import { FieldError, useInvalid } from './field.tsx';

interface SelectProps {
  readonly label: string;
  readonly value: string;
  /** A value alone is its own text. */
  readonly options: readonly (string | readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
}

/** One of several, in a form. */
export function SelectField({ id, label, ...choice }: SelectProps & { readonly id: string }) {
  const invalid = useInvalid(id);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <Select id={id} {...choice} {...invalid} />
      <FieldError id={id} />
    </div>
  );
}

/** What a list is narrowed down to, in its head. */
export function FilterSelect({ label, options, ...choice }: SelectProps) {
  const id = useId();
  return (
    <label className="row" htmlFor={id}>
      {label}
      <Select id={id} {...choice} options={[['', 'All'], ...options]} />
    </label>
  );
}

function Select({ options, onChange, ...rest }: Omit<SelectProps, 'label'> & { readonly id: string }) {
  return (
    <select className="input" {...rest} onChange={(event) => onChange(event.target.value)}>
      {options.map((option) => {
        const [value, text] = typeof option === 'string' ? [option, option] : option;
        return (
          <option key={value} value={value}>
            {text}
          </option>
        );
      })}
    </select>
  );
}
