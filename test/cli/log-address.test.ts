import { describe, expect, it } from 'vitest';
import { labelOf, logAt } from '../../src/cli/log-address.ts';

describe('the label of a log', () => {
  it.each(['ada:secret@', 'ada:secret/and?secret@', 'ada:secret@secret@', ''])(
    'has no password, whatever is in it (%s)',
    (credentials) => {
      const label = labelOf(logAt(`esdb://${credentials}localhost:2113?tls=false`, '--to'));
      expect(label).toBe('esdb://localhost:2113?tls=false');
    },
  );
});
