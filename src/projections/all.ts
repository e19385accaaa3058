import type { Projection } from '../app/ports.ts';
import { assignments } from './assignments.ts';
import { campaigns } from './campaigns.ts';
import { catalogue } from './catalogue.ts';
import { failures } from './failures.ts';
import { fleet } from './fleet.ts';
import { progress } from './progress.ts';
import { setAside } from './set-aside.ts';
import { vehicles } from './vehicles.ts';
import { vinEnds } from './vin-ends.ts';

/** Every read model of the service. */
export const projections: readonly Projection[] = [
  catalogue,
  vehicles,
  campaigns,
  progress,
  assignments,
  fleet,
  setAside,
  failures,
  vinEnds,
];
