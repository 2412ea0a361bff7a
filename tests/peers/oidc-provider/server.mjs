// Runs oidc-provider with one client, and a small API behind its tokens. Settings come as JSON in PEER_SETTINGS:
// {client_id, client_secret, redirect_uris, token_endpoint_auth_method, access_token_seconds, port}.
// Its endpoints have the paths that Capsule's have; everything else about them is oidc-provider's own.
// Prints {"url": …} once it listens. GET /peer/state counts what happened; GET /api/v2/me asks for a valid access token.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(process.env.PEER_SETTINGS ?? '{}');
const counts = { exchanges: 0, refreshes: 0, refused: 0, grants_revoked: 0, revocations: 0, api_calls: 0 };

const server = createServer();
server.listen(settings.port ?? 0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(url, {
  clients: [{
    client_id: settings.client_id ?? 'peer-client',
    client_secret: settings.client_secret ?? 'peer-client-secret',
    redirect_uris: settings.redirect_uris ?? ['http://127.0.0.1:8400/oauth/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: settings.token_endpoint_auth_method ?? 'client_secret_post',
  }],
  cookies: { keys: ['cookies of a test server'] },
  features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  routes: { authorization: '/oauth/authorise', token: '/oauth/token', revocation: '/oauth/token/revoke' },
  scopes: ['openid', 'offline_access', 'read', 'write'],
  ttl: {
    AccessToken: () => settings.access_token_seconds ?? 3600,
    AuthorizationCode: 60,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
});

provider.on('grant.success', (context) => {
  counts[context.oidc.params.grant_type === 'refresh_token' ? 'refreshes' : 'exchanges'] += 1;
});
provider.on('grant.error', () => { counts.refused += 1; });
provider.on('grant.revoked', () => { counts.grants_revoked += 1; });
provider.on('server_error', (_context, error) => { console.error(error); });

provider.use(async (context, next) => {
  if (context.path === '/peer/state') {
    context.body = counts;
  } else if (context.path === '/api/v2/me') {
    await answerWhoIsAsking(context);
  } else {
    await next();
    if (context.path === '/oauth/token/revoke' && context.status === 200) counts.revocations += 1;
  }
});

async function answerWhoIsAsking(context) {
  counts.api_calls += 1;
  const value = context.get('authorization').replace(/^Bearer /, '');
  const token = value ? await provider.AccessToken.find(value) : undefined;
  if (token?.isValid) {
    context.body = { sub: token.accountId, scope: token.scope, client_id: token.clientId };
  } else {
    context.status = 401;
    context.body = { error: 'invalid_token' };
  }
}

server.on('request', provider.callback());
console.log(JSON.stringify({ url }));
