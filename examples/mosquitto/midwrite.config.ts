import { debian, defineConfig, defineSystem } from 'midwrite';

const config = `listener 1883 127.0.0.1
allow_anonymous true
persistence true
persistence_location /state/data/
autosave_interval 1
autosave_on_changes true
`;

export default defineConfig({
  systems: [
    defineSystem({
      name: 'mosquitto',
      image: debian('mosquitto', 'mosquitto-clients'),
      files: { 'mosquitto.conf': config, 'data/.keep': '' },
      start: 'mosquitto -c /state/mosquitto.conf',
      ready: '127.0.0.1:1883',
      write: 'mosquitto_pub -q 1 -r -t notes/{text} -m {text}',
      read: 'sh -c \'mosquitto_sub -t "#" -v --retained-only -W 1 || true\'',
      memory: '128m',
      notPromised: { 'acked-durable': 'mosquitto.conf(5): the database is saved at intervals, and not before PUBACK' },
    }),
  ],
});
