/** What every read-model store must do. Run against each adapter. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Document, Page, ReadModelReader, ReadModelWriter } from '../../../src/app/ports.ts';

export interface ReadModelSubject {
  readonly writer: ReadModelWriter;
  /** A reader of its own, as the API has it. */
  readonly reader: ReadModelReader;
  dispose(): Promise<void>;
}

const collections = [
  { name: 'cars', indexes: ['model', 'year', 'sold'] },
  { name: 'makers', indexes: [] },
];
const at = (n: number): string => n.toString(16).padStart(16, '0');
const car = (id: string, position: number, fields: Record<string, unknown> = {}) => ({
  collection: 'cars',
  id,
  position: at(position),
  eventId: `e${position}`,
  model: 'A',
  year: 2020,
  sold: false,
  ...fields,
});

async function all(
  reader: ReadModelReader,
  options: { limit: number; sort?: { field: string; descending?: boolean } },
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Document> = await reader.find(
      'cars',
      cursor === undefined ? options : { ...options, cursor },
    );
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

export function readModelContract(name: string, open: () => Promise<ReadModelSubject>): void {
  describe(`read models in ${name}`, () => {
    let subject: ReadModelSubject;
    beforeEach(async () => {
      subject = await open();
      await subject.writer.prepare('garage@1', collections);
    });
    afterEach(() => subject.dispose());

    const write = (position: number, ...puts: ReturnType<typeof car>[]) =>
      subject.writer.write('garage@1', { puts, deletes: [], checkpoint: at(position) });

    it('gives back what was written, and null for what is not there', async () => {
      await write(1, car('c1', 1, { nested: { list: [1, null, 'é'] } }));
      expect(await subject.reader.get('cars', 'c1')).toEqual({
        id: 'c1',
        position: at(1),
        eventId: 'e1',
        model: 'A',
        year: 2020,
        sold: false,
        nested: { list: [1, null, 'é'] },
      });
      expect(await subject.reader.getMany('cars', ['c9', 'c1'])).toMatchObject([null, { id: 'c1' }]);
    });

    it('keeps a document that is as new or newer: a batch can be written twice', async () => {
      await write(5, car('c1', 5, { model: 'new' }));
      await write(5, car('c1', 4, { model: 'old' }), car('c1', 5, { model: 'other' }));
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ model: 'new', position: at(5) });
      await write(6, car('c1', 6, { model: 'newest' }));
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ model: 'newest' });
    });

    it('moves the checkpoint with the batch, also over nothing', async () => {
      expect(await subject.reader.checkpoint('garage@1')).toBe('');
      await write(7);
      expect(await subject.reader.checkpoint('garage@1')).toBe(at(7));
    });

    it('writes all of a batch or nothing', async () => {
      const broken = { ...car('c2', 1), collection: 'nowhere' };
      await expect(
        subject.writer.write('garage@1', { puts: [car('c1', 1), broken], deletes: [], checkpoint: at(1) }),
      ).rejects.toThrow();
      expect(await subject.reader.checkpoint('garage@1')).toBe('');
    });

    it('deletes', async () => {
      await write(1, car('c1', 1));
      await subject.writer.write('garage@1', {
        puts: [],
        deletes: [{ collection: 'cars', id: 'c1' }],
        checkpoint: at(2),
      });
      expect(await subject.reader.get('cars', 'c1')).toBeNull();
    });

    it('finds by indexed fields, with null and booleans', async () => {
      await write(1, car('c1', 1, { sold: true }), car('c2', 1), car('c3', 1, { model: null }));
      const ids = async (where: Record<string, string | number | boolean | null>) =>
        (await subject.reader.find('cars', { where, limit: 10 })).items.map(({ id }) => id);
      expect(await ids({ sold: true })).toEqual(['c1']);
      expect(await ids({ model: null })).toEqual(['c3']);
      expect(await ids({ model: 'A', sold: false })).toEqual(['c2']);
      expect(await subject.reader.count('cars', { model: 'A' })).toBe(2);
      await expect(subject.reader.find('cars', { where: { colour: 'red' }, limit: 10 })).rejects.toThrow(
        /colour/,
      );
    });

    it('pages in order, ties by id, up and down, without loss or repeat', async () => {
      const years = [2021, 2019, 2020, 2019, 2021, 2020, 2019];
      await write(1, ...years.map((year, index) => car(`c${index}`, 1, { year })));
      const up = ['c1', 'c3', 'c6', 'c2', 'c5', 'c0', 'c4'];
      for (const limit of [1, 2, 3, 7, 100]) {
        expect(await all(subject.reader, { limit, sort: { field: 'year' } })).toEqual(up);
        expect(await all(subject.reader, { limit, sort: { field: 'year', descending: true } })).toEqual(
          [...up].reverse(),
        );
        expect(await all(subject.reader, { limit })).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
      }
    });

    it('refuses a cursor that it did not give', async () => {
      await expect(subject.reader.find('cars', { limit: 1, cursor: 'rubbish' })).rejects.toThrow(/cursor/);
    });

    it('rebuilds beside what is served, and swaps at once', async () => {
      await write(3, car('c1', 3, { model: 'served' }), car('gone', 2));
      const rebuild = await subject.writer.rebuild('garage@1');
      await rebuild.writer.write('garage@1', {
        puts: [car('c1', 9, { model: 'rebuilt' })],
        deletes: [],
        checkpoint: at(9),
      });
      expect(await rebuild.writer.get('cars', 'c1')).toMatchObject({ model: 'rebuilt' });
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ model: 'served' });
      expect(await subject.reader.checkpoint('garage@1')).toBe(at(3));
      await rebuild.swap();
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ model: 'rebuilt' });
      expect(await subject.reader.get('cars', 'gone')).toBeNull();
      expect(await subject.reader.checkpoint('garage@1')).toBe(at(9));
      await write(10, car('c1', 10, { model: 'after' }));
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ model: 'after' });
    });

    it('discards a rebuild without a trace', async () => {
      await write(3, car('c1', 3));
      const rebuild = await subject.writer.rebuild('garage@1');
      await rebuild.writer.write('garage@1', { puts: [car('c1', 9)], deletes: [], checkpoint: at(9) });
      await rebuild.discard();
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ position: at(3) });
      expect(await subject.reader.checkpoint('garage@1')).toBe(at(3));
    });

    it('begins anew for another version of a projection', async () => {
      await write(3, car('c1', 3));
      await subject.writer.prepare('garage@2', collections);
      expect(await subject.reader.get('cars', 'c1')).toBeNull();
      expect(await subject.reader.checkpoint('garage@2')).toBe('');
    });

    it('begins anew as a whole when one collection is indexed differently', async () => {
      await write(3, car('c1', 3), { ...car('m1', 3), collection: 'makers' });
      const changed = [
        collections[0] ?? { name: 'cars', indexes: [] },
        { name: 'makers', indexes: ['model'] },
      ];
      await subject.writer.prepare('garage@1', changed);
      expect(await subject.reader.get('cars', 'c1')).toBeNull();
      expect(await subject.reader.get('makers', 'm1')).toBeNull();
      expect(await subject.reader.checkpoint('garage@1')).toBe('');
      await write(1, car('c1', 1));
      expect(await subject.reader.get('cars', 'c1')).toMatchObject({ position: at(1) });
    });

    it('dumps in the order of ids', async () => {
      await write(1, car('b', 1), car('a', 1), car('C', 1));
      const ids: string[] = [];
      for await (const { id } of subject.reader.dump('cars')) ids.push(id);
      expect(ids).toEqual(['C', 'a', 'b']);
    });
  });
}
