import { FailureList } from '../failures/failure-list.tsx';

const SHOWN = 10;
const ALL = {};

/** Of all campaigns, what failed last. */
export const RecentFailures = () => (
  <FailureList
    title="Recent failures"
    name="recent-failures"
    filter={ALL}
    pageSize={SHOWN}
    empty="No attempt has failed in any campaign."
  />
);
