/** Line icons, drawn here so that none is loaded. */
import type { ReactNode } from 'react';

const draw = (paths: ReactNode): ReactNode => (
  <svg
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.7"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    {paths}
  </svg>
);

export const FleetIcon = draw(
  <path d="M3 13V7.5h9V13M12 9.5h3l2 2.2V13h-1M8 13h4M3 13h1M6 15.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM14 15.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Z" />,
);
export const CampaignIcon = draw(
  <path d="M2.5 12.5c2.5-3 5-3 7.5 0s5 3 7.5 0M2.5 7.500c2.500-3 5-3 7.500 0s5 3 7.500 0" />,
);
export const PlanIcon = draw(<path d="M5 3.500h10v13H5zM8 7h4M8 10h4M8 13h2" />);
export const VehicleIcon = draw(
  <path d="M3 12.500 4.500 8h11l1.500 4.500V15H3zM6 12.500h.01M14 12.500h.01" />,
);
export const ArtifactIcon = draw(
  <path d="M10 3 16.500 6.500v7L10 17l-6.500-3.500v-7zM3.500 6.500 10 10l6.500-3.500M10 10v7" />,
);
export const Mark = (
  <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
    <rect width="32" height="32" rx="7" fill="#1f4e8c" />
    <path
      d="M5 13c3.700-4 7.300-4 11 0s7.300 4 11 0M5 21c3.700-4 7.300-4 11 0s7.300 4 11 0"
      fill="none"
      stroke="#fff"
      strokeWidth="3"
      strokeLinecap="round"
    />
  </svg>
);
