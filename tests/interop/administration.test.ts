/** The generated client of authentik's API sets up what the tutorial sets up, and a person signs in there. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as api from '@goauthentik/api';
import * as oidc from 'openid-client';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { comeBack, discover } from './code-flow.ts';

describe("authentik's own client", () => {
  let ostiary: TestOstiary;
  let configuration: api.Configuration;
  before(async () => {
    ostiary = await startOstiary();
    configuration = new api.Configuration({
      basePath: `${ostiary.url}/api/v3`,
      headers: { authorization: 'Bearer a-token-for-the-tests-of-the-administration' },
    });
  });
  after(() => ostiary?.stop());

  test('makes a provider, an application and a person, who signs in', async () => {
    const core = new api.CoreApi(configuration);
    assert.equal((await core.coreUsersMeRetrieve()).user.username, 'akadmin');
    const flows = new api.FlowsApi(configuration);
    const flow = async (slug: string): Promise<string> =>
      (await flows.flowsInstancesList({ slug })).results[0]?.pk ?? assert.fail(slug);
    const keys = await new api.CryptoApi(configuration).cryptoCertificatekeypairsList({ hasKey: true });
    const scopes = await new api.PropertymappingsApi(configuration).propertymappingsProviderScopeList({});
    const wanted = new Set(['openid', 'profile', 'email']);
    const providers = new api.ProvidersApi(configuration);
    const provider = await providers.providersOauth2Create({
      oAuth2ProviderRequest: {
        name: 'made by the client',
        clientType: api.ClientTypeEnum.Confidential,
        grantTypes: [api.GrantTypeEnum.AuthorizationCode],
        authorizationFlow: await flow('default-provider-authorization-implicit-consent'),
        invalidationFlow: await flow('default-provider-invalidation-flow'),
        signingKey: keys.results[0]?.pk ?? null,
        redirectUris: [
          {
            matchingMode: api.MatchingModeEnum.Strict,
            url: 'http://localhost:3000/callback',
            redirectUriType: api.RedirectURITypeEnum.Authorization,
          },
        ],
        propertyMappings: scopes.results.filter((each) => wanted.has(each.scopeName)).map((each) => each.pk),
      },
    });
    await core.coreApplicationsCreate({
      applicationRequest: { name: 'Made', slug: 'made', provider: provider.pk },
    });
    const person = await core.coreUsersCreate({ userRequest: { username: 'ann', name: 'Ann' } });
    await core.coreUsersSetPasswordCreate({
      id: person.pk,
      userPasswordSetRequest: { password: 'password of ann' },
    });
    const { clientId = '', clientSecret = '' } = await providers.providersOauth2Retrieve({ id: provider.pk });
    const { issuer } = await providers.providersOauth2SetupUrlsRetrieve({ id: provider.pk });
    assert.equal(issuer, `${ostiary.url}/application/o/made/`);
    const config = await discover({ issuer, clientId }, oidc.ClientSecretBasic(clientSecret));
    const browser = await ostiary.signedIn('ann');
    const { back, checks } = await comeBack(config, browser, 'http://localhost:3000/callback', 'openid profile');
    const tokens = await oidc.authorizationCodeGrant(config, back, checks);
    assert.equal(tokens.claims()?.name, 'Ann');
    const events = await new api.EventsApi(configuration).eventsEventsList({
      action: api.EventActions.AuthorizeApplication,
    });
    assert.equal(events.results.length, 1);
  });

  test('is told what is wrong by status and field', async () => {
    const core = new api.CoreApi(configuration);
    await assert.rejects(
      core.coreApplicationsCreate({ applicationRequest: { name: '', slug: 'not a slug' } }),
      (fault) => {
        assert.ok(fault instanceof api.ResponseError);
        assert.equal(fault.response.status, 400);
        return true;
      },
    );
    const stranger = new api.CoreApi(new api.Configuration({ basePath: `${ostiary.url}/api/v3` }));
    await assert.rejects(stranger.coreUsersMeRetrieve(), (fault) => {
      assert.ok(fault instanceof api.ResponseError);
      return fault.response.status === 403;
    });
  });
});
