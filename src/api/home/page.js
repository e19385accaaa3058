const POLL_MS = 2000;
const byId = (id) => document.getElementById(id);
let key = sessionStorage.getItem('fleetwave-key') ?? '';
let timer;

const firstSteps = (url) => `# A first campaign takes two persons: four eyes are compared.
fleetwave keys add --person ada --roles developer,planner,operator
fleetwave keys add --person bob --roles validator,approver
fleetwave import vehicles.csv
curl -H "Authorization: Bearer $KEY" "${url}/v1/targeting/preview?query=model==A3"
fleetwave simulate --server ${url} --vehicles 50`;

const nextFor = (campaign, url) => {
  const post = (verb, body) =>
    `curl -X POST -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n  -d '${JSON.stringify(body)}' ${url}/v1/campaigns/${campaign.id}/${verb}`;
  const watch = `curl -N -H "Authorization: Bearer $KEY" ${url}/v1/campaigns/${campaign.id}/live`;
  const commands = {
    created: [post('define-targeting', { query: 'model==A3' })],
    'targeting-defined': [watch],
    'targets-frozen': [post('approve', { note: 'checked' })],
    approved: [post('start', {})],
    scheduled: [post('start', {})],
    running: [watch, post('pause', { reason: 'why' })],
    paused: [post('resume', { reason: 'why' }), post('abort', { reason: 'why' })],
    completed: [post('review', { verdict: 'good', note: 'what we learned' })],
    aborted: [post('review', { verdict: 'bad', note: 'what we learned' })],
  };
  return (commands[campaign.state] ?? [watch]).join('\n');
};

const get = async (path) => {
  const response = await fetch(path, key === '' ? {} : { headers: { authorization: `Bearer ${key}` } });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.detail), { status: response.status });
  return body;
};

const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
};

const showHealth = async () => {
  const health = byId('health');
  try {
    await get('/readyz');
    health.textContent = 'The server is ready.';
    health.className = 'good';
  } catch (error) {
    health.textContent = `The server is not ready: ${error.message}`;
    health.className = 'bad';
  }
};

const rowOf = (campaign, progress) => {
  const row = element('li');
  const bar = element('progress');
  bar.max = 100;
  bar.value = progress.percent;
  bar.setAttribute('aria-label', `${campaign.title}: settled`);
  row.append(
    element('strong', campaign.title),
    element('span', ` ${campaign.id} · ${campaign.state}`, 'quiet'),
    bar,
    element(
      'div',
      `${progress.percent.toFixed(1)} % of ${progress.targets} settled · ${progress.succeeded} succeeded · ` +
        `${progress.failed} failed · ${progress.pending} pending`,
    ),
  );
  return row;
};

const showCampaigns = async () => {
  const [{ items }, fleet] = await Promise.all([get('/v1/campaigns?limit=20'), get('/v1/fleet/status')]);
  const progress = await Promise.all(items.map((item) => get(`/v1/campaigns/${item.id}/progress`)));
  byId('campaign-list').replaceChildren(...items.map((item, at) => rowOf(item, progress[at])));
  byId('no-campaigns').hidden = items.length > 0;
  byId('fleet-counts').replaceChildren(
    ...[
      ['Vehicles', fleet.vehicles],
      ['Online', fleet.online],
    ].map(([name, value]) => {
      const pair = element('div');
      pair.append(element('dt', name), element('dd', String(value)));
      return pair;
    }),
  );
  const current = items.find((item) => item.state === 'running') ?? items[0];
  byId('next').textContent =
    current === undefined ? firstSteps(location.origin) : nextFor(current, location.origin);
};

const refresh = async () => {
  clearTimeout(timer);
  await showHealth();
  const known = key !== '';
  if (known) {
    try {
      await showCampaigns();
      byId('key-message').textContent = '';
    } catch (error) {
      byId('key-message').textContent = error.message;
      if (error.status === 401) forget();
    }
  }
  for (const id of ['fleet', 'campaigns', 'forget']) byId(id).hidden = key === '';
  if (key === '') byId('next').textContent = firstSteps(location.origin);
  timer = setTimeout(refresh, POLL_MS);
};

const forget = () => {
  key = '';
  sessionStorage.removeItem('fleetwave-key');
};

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key = byId('key').value.trim();
  sessionStorage.setItem('fleetwave-key', key);
  byId('key').value = '';
  void refresh();
});
byId('forget').addEventListener('click', () => {
  forget();
  void refresh();
});
void refresh();
