/** The table at the end of `npm test`, and what makes it fail in CI. */
import { describe, expect, it } from 'vitest';
import { type LaneRecord, laneTable, missingLanes } from '../../scripts/lanes.ts';

const lane = { suite: 'read-model', adapter: 'mongodb', server: 'mongo-java-server' };
const ran: LaneRecord = {
  ...lane,
  version: '1.47.0',
  file: 'test/contract/read-model/mongodb.test.ts',
  passed: 12,
  failed: 0,
};
const noDocker: LaneRecord = { ...lane, server: 'MongoDB', notRun: 'no Docker engine', needs: 'docker' };

describe('the table of lanes', () => {
  it('has a line for every suite, adapter and server', () => {
    expect(laneTable([ran, noDocker]).split('\n')).toEqual([
      'suite       adapter  server',
      'read-model  mongodb  mongo-java-server 1.47.0  ran 12',
      'read-model  mongodb  MongoDB                   not run here: no Docker engine',
    ]);
  });

  it('tells failures', () => {
    expect(laneTable([{ ...ran, passed: 9, failed: 3 }])).toContain('ran 12, 3 failed');
  });
});

describe('lanes that are missing', () => {
  it('are none when all ran, or need what this machine lacks', () => {
    expect(missingLanes([ran, noDocker], [ran.file])).toEqual([]);
  });

  it('are those left out that every machine can have', () => {
    expect(missingLanes([{ ...lane, notRun: 'no Maven', needs: null }], [])).toEqual([
      'read-model mongodb mongo-java-server did not run: no Maven',
    ]);
  });

  it('are those in which no test ran', () => {
    expect(missingLanes([{ ...ran, passed: 0 }], [])).toEqual([
      'read-model mongodb mongo-java-server did not run',
    ]);
  });

  it('are contract tests that recorded none', () => {
    expect(missingLanes([ran], [ran.file, 'test/contract/feedback/kafka.test.ts'])).toEqual([
      'test/contract/feedback/kafka.test.ts recorded no lane',
    ]);
  });
});
