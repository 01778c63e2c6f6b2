import { debian, defineConfig, defineSystem } from 'midwrite';

const [client, peer] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];

export default defineConfig({
  systems: [
    defineSystem({
      name: 'etcd',
      image: debian('etcd-server', 'etcd-client'),
      env: { ETCDCTL_API: '3' },
      start: [
        `etcd --data-dir /state/data --listen-client-urls ${client} --advertise-client-urls ${client}`,
        `--listen-peer-urls ${peer} --initial-advertise-peer-urls ${peer} --initial-cluster default=${peer}`,
      ].join(' '),
      ready: `${client}/health`,
      write: 'etcdctl put {text} 1',
      read: 'etcdctl get --prefix --keys-only ""',
    }),
  ],
});
