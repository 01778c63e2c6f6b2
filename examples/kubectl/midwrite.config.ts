import { debian, defineConfig, defineSystem } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'kubectl',
      image: debian('kubernetes-client'),
      setup: 'kubectl config set-cluster first --server=https://first:6443',
      write: 'kubectl config set-cluster {text} --server=https://127.0.0.1:6443',
      // In no order: they are kept in a map.
      read: "sh -c 'kubectl config get-clusters | sort'",
    }),
  ],
});
