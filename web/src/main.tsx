import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/controls.css';
import './styles/dialog.css';
import './styles/shell.css';
import './styles/campaign.css';
import './styles/plan.css';
import './styles/map.css';
import './styles/replay.css';
import './styles/vehicle.css';
import './styles/what-if.css';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { isAway, isSignedOut } from './lib/api.ts';
import { SESSION_KEY } from './lib/session.ts';
import { applyTheme } from './lib/theme.ts';

applyTheme();

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // Whatever notices first that the session has ended: the page asks who is signed in, and so for the key.
    onError: (error, { queryKey }) => {
      if (isSignedOut(error) && queryKey[0] !== SESSION_KEY[0])
        void client.invalidateQueries({ queryKey: SESSION_KEY });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // The server being away is waited out for as long as the page is open; what it refuses stays refused.
      retry: (_failures, error) => isAway(error),
      retryDelay: (tries) => Math.min(8000, 500 * 2 ** tries),
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
