/** Every model there is, for the rooms that serve them all alike: the API, blueprints, deletion. */
import type { Declaration } from '../core/declaration.ts';
import { applicationModel, brandModel, policyBindingModel } from '../core/models/access.ts';
import { blueprintModel } from '../core/models/blueprint.ts';
import { certificateModel } from '../core/models/certificate.ts';
import { flowModel, flowStageBindingModel } from '../core/models/flow.ts';
import { groupModel, roleModel, tokenModel, userModel } from '../core/models/people.ts';
import { mappings, parts, policies, protocols, stages } from '../registry.ts';

/** The nouns of the core, and then what the kinds declare. */
export const models = (): readonly Declaration[] =>
  [
    userModel,
    groupModel,
    roleModel,
    tokenModel,
    flowModel,
    flowStageBindingModel,
    applicationModel,
    policyBindingModel,
    brandModel,
    certificateModel,
    blueprintModel,
    ...parts.map((part) => part.declaration),
    ...[...stages, ...policies, ...mappings, ...protocols].map((kind) => kind.declaration),
  ] as readonly Declaration[];
