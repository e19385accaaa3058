import { describe, expect, it } from 'vitest';
import { ConfigError, describeSettings, loadConfig } from '../../src/config.ts';

describe('settings', () => {
  it('are safe by default: loopback and the documented ports', () => {
    const config = loadConfig({}, {});
    expect(config).toMatchObject({
      httpHost: '127.0.0.1',
      httpPort: 7400,
      mqttHost: '127.0.0.1',
      mqttPort: 7401,
    });
  });

  it('come from the environment, and a flag wins', () => {
    const environment = { FLEETWAVE_HTTP_PORT: '8000', FLEETWAVE_MQTT_PORT: '8001' };
    expect(loadConfig({ httpPort: 9000 }, environment)).toMatchObject({ httpPort: 9000, mqttPort: 8001 });
  });

  it('refuse an unknown name and suggest the one that was meant', () => {
    expect(() => loadConfig({}, { FLEETWAVE_HTPP_PORT: '1' })).toThrow(/Did you mean FLEETWAVE_HTTP_PORT\?/);
  });

  it('refuse a value out of range, naming the setting', () => {
    expect(() => loadConfig({}, { FLEETWAVE_HTTP_PORT: '70000' })).toThrow(ConfigError);
    expect(() => loadConfig({}, { FLEETWAVE_HTTP_PORT: '70000' })).toThrow(/FLEETWAVE_HTTP_PORT/);
  });

  it('are all described', () => {
    for (const setting of describeSettings()) expect(setting.about, setting.name).not.toBe('');
  });
});
