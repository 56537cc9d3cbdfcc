import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveBinaries } from '@xerotier/local-servers';
import { startProgram } from '../child.ts';
import { freePort, waitForPort } from '../ports.ts';
import { chatPath } from './direct.ts';
import { TargetUnavailable } from './target.ts';
import type { Target } from './target.ts';

const startTimeoutMs = 5_000;

/** nginx as a plain reverse proxy in front of the engine: the minimum cost of forwarding bytes. */
export const nginx: Target = {
  name: 'nginx',
  async start({ pinning, engine, scratchDir, serversDir, print }) {
    const binary = await findNginx(serversDir, print);
    const upstream = await engine();
    const port = await freePort();
    const prefix = join(scratchDir, 'nginx');
    mkdirSync(prefix, { recursive: true });
    const configPath = join(prefix, 'nginx.conf');
    writeFileSync(configPath, nginxConfig(port, upstream.first.port));
    const server = startProgram(binary.command, ['-p', prefix, '-e', 'error.log', '-c', configPath], {
      PATH: process.env.PATH,
      ...binary.env,
    });
    pinning.pin(server.pid, 'system');
    await server.orStop(
      waitForPort(port, startTimeoutMs, () =>
        server.process.exitCode === null ? undefined : `nginx ended. ${server.output()}`,
      ),
    );
    return {
      load: { host: '127.0.0.1', port, path: chatPath, headers: {}, model: 'scripted' },
      system: [{ name: 'nginx', pid: server.pid }],
      helpers: [{ name: 'engine', pid: upstream.pid }],
      versions: { nginx: binary.version },
      stop: () => server.stop(),
    };
  },
};

async function findNginx(cacheDir: string, print: (line: string) => void): ReturnType<typeof find> {
  try {
    return await find(cacheDir, print);
  } catch (cause) {
    throw new TargetUnavailable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function find(cacheDir: string, print: (line: string) => void) {
  return (await resolveBinaries({ cacheDir, want: ['nginx'], onProgress: print })).nginx;
}

/**
 * A single process, so that no other user is required. Upstream connections are kept, responses are not buffered, and
 * connections are never closed for their age or request count.
 */
function nginxConfig(port: number, upstreamPort: number): string {
  return `daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path client_body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 32m;
  client_body_buffer_size 64k;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  tcp_nodelay on;
  upstream engine {
    server 127.0.0.1:${upstreamPort};
    keepalive 2048;
    keepalive_requests 100000000;
    keepalive_timeout 500s;
  }
  server {
    listen 127.0.0.1:${port} backlog=2048;
    location / {
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 120s;
    }
  }
}
`;
}
