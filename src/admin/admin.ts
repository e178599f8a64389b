/**
 * The administration API at `/api/v3/`: every declared object as a resource, and the calls around them.
 *
 * Owns who may do what with which object, validation, the answers, their events, and the OpenAPI document. Does not
 * own what an object is made of (its declaration says so), the store, or the flows that people go through. The kinds
 * of stages, policies, mappings and protocols are handed in.
 */
import type { Declaration } from '../core/declaration.ts';
import type { LateRoutes } from '../http/late-routes.ts';
import { mountResource } from './endpoint.ts';
import { mountFamily } from './families.ts';
import { makeRoom } from './room.ts';
import { mountSchema } from './openapi.ts';
import type { Resource } from './resource.ts';
import { applicationsResource, listApplications } from './resources/applications.ts';
import { blueprintsResource } from './resources/blueprint-instances.ts';
import { brandsResource } from './resources/brands.ts';
import { certificatesResource } from './resources/certificates.ts';
import { declaredObjectResource } from './resources/declared-objects.ts';
import { mountEvents } from './resources/events.ts';
import { flowBindingsResource, flowsResource } from './resources/flows.ts';
import { grantRows } from './resources/grants.ts';
import { groupsResource } from './resources/groups.ts';
import { mappingsFamily } from './resources/mappings.ts';
import { mountOwnedRows } from './resources/owned-rows.ts';
import { mountPermissions } from './resources/permissions.ts';
import { policiesFamily } from './resources/policies.ts';
import { policyBindingsResource } from './resources/policy-bindings.ts';
import { providersFamily } from './resources/providers.ts';
import { rolesResource } from './resources/roles.ts';
import { consentRows, sessionRows } from './resources/sessions.ts';
import { stagesFamily } from './resources/stages.ts';
import { mountSystem } from './resources/system.ts';
import { tokensResource } from './resources/tokens.ts';
import { usersResource } from './resources/users.ts';
import type { AdminServices } from './services.ts';

export type { AdminServices, BlueprintFile } from './services.ts';

/** Adds the API. `declarations` are all that there are: those of the core, and those of every kind. */
export function mountAdmin(routes: LateRoutes, services: AdminServices, declarations: readonly Declaration[]): void {
  const room = makeRoom(routes, services, declarations);
  const families = {
    stages: stagesFamily(services),
    policies: policiesFamily(services),
    mappings: mappingsFamily(services),
    providers: providersFamily(services),
  };
  const kinds = Object.values(families).flatMap((family) => family.kinds);
  const applications = applicationsResource(families.providers);
  const resources: Resource[] = [
    usersResource,
    groupsResource,
    rolesResource,
    tokensResource,
    flowsResource,
    flowBindingsResource(families.stages),
    policyBindingsResource(families.policies),
    brandsResource,
    certificatesResource,
    blueprintsResource,
    ...kinds,
    ...services.objects.map((object) => declaredObjectResource(object, kinds)),
  ];
  for (const resource of resources) mountResource(room, resource);
  // Everybody may ask which applications they can enter.
  mountResource(room, applications, (context) => listApplications(applications, context));
  for (const family of Object.values(families)) mountFamily(room, family);
  mountOwnedRows(room, sessionRows);
  mountOwnedRows(room, consentRows(applications));
  for (const table of ['access_tokens', 'refresh_tokens', 'authorization_codes'] as const) {
    mountOwnedRows(room, grantRows(table, families.providers));
  }
  mountPermissions(room);
  mountEvents(room);
  mountSystem(room);
  mountSchema(room, [...resources, applications], Object.values(families));
}
