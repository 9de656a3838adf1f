// A real OpenID provider (npm's oidc-provider), whose accounts and whims are in a file. Arguments: its folder, the file.
import { readFileSync } from 'node:fs';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [folder, file] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));
const control = () => JSON.parse(readFileSync(file, 'utf8'));
const key = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
};
const { port, client } = control();

const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ ...client, application_type: 'native' }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  cookies: { keys: [randomUUID()] },
  jwks: { keys: [key()] },
  // What is typed as a login is the account's subject.
  findAccount: (_, sub) => {
    const account = control().accounts[sub];
    return account && { accountId: sub, claims: () => ({ sub, ...account }) };
  },
});
const { kty, n, e, ...foreign } = key();
provider.use(async (ctx, next) => {
  await next();
  if (ctx.path === '/jwks' && control().foreign_keys) {
    ctx.body = { keys: [{ kty, n, e, kid: foreign.kid, use: 'sig', alg: 'RS256' }] };
  }
});
provider.listen(port, '127.0.0.1');
