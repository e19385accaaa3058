/** A list with a filter by state, which the address keeps. */
import type { ReactNode } from 'react';
import { count } from '../lib/format.ts';
import type { Page } from '../lib/types.ts';
import { Card } from './card.tsx';
import { TakeTable } from './copy.tsx';
import { FilterSelect } from './select.tsx';
import { Loaded } from './states.tsx';

interface StateListProps<T> {
  readonly title: string;
  /** What is listed, in the plural: of its file, and of what is loaded. */
  readonly name: string;
  readonly states: readonly string[];
  readonly state: string;
  readonly onState: (state: string) => void;
  readonly query: { readonly data: Page<T> | undefined; readonly error: unknown };
  readonly head: readonly string[];
  readonly rowOf: (item: T) => readonly (string | number | null | undefined)[];
  /** Of one list and not another. Left out = as the server gives it. */
  readonly order?: (a: T, b: T) => number;
  readonly empty: ReactNode;
  readonly children: (items: readonly T[]) => ReactNode;
}

export function StateList<T>(props: StateListProps<T>) {
  const { title, name, states, state, onState, query, head, rowOf, order, empty, children } = props;
  const ordered = (items: readonly T[]): readonly T[] =>
    order === undefined ? items : [...items].sort(order);
  return (
    <Card
      flush
      title={title}
      aside={
        <span className="row">
          <FilterSelect label="State" value={state} options={states} onChange={onState} />
          <TakeTable name={name} head={head} rows={() => ordered(query.data?.items ?? []).map(rowOf)} />
        </span>
      }
    >
      <Loaded query={query} what={`the ${name}`}>
        {({ items, next }) => (
          <>
            {items.length === 0 ? <div className="body">{empty}</div> : children(ordered(items))}
            {next === null ? null : (
              <p className="body small quiet" role="status">
                These are the first {count(items.length)} by id; there are more. Choose a state to see fewer.
              </p>
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}
