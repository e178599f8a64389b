/** THE list of what this program can do. Nothing is discovered: a kind that is not here does not exist. */
import type { Mapping } from './mappings/mapping.ts';
import { scope } from './mappings/scope/scope.ts';
import type { Policy } from './policies/policy.ts';
import { oauth2 } from './protocols/oauth2/oauth2.ts';
import type { Protocol } from './protocols/protocol.ts';
import { consent } from './stages/consent/consent.ts';
import { deny } from './stages/deny/deny.ts';
import { dummy } from './stages/dummy/dummy.ts';
import { identification } from './stages/identification/identification.ts';
import { password } from './stages/password/password.ts';
import { prompt, promptPart } from './stages/prompt/prompt.ts';
import { redirect } from './stages/redirect/redirect.ts';
import type { Part, Stage } from './stages/stage.ts';
import { userLogin } from './stages/user-login/user-login.ts';
import { userLogout } from './stages/user-logout/user-logout.ts';
import { userWrite } from './stages/user-write/user-write.ts';
import { expression } from './policies/expression/expression.ts';

export const stages: readonly Stage[] = [
  identification,
  password,
  userLogin,
  userLogout,
  consent,
  prompt,
  userWrite,
  deny,
  redirect,
  dummy,
];

export const policies: readonly Policy[] = [expression];

export const mappings: readonly Mapping[] = [scope];

/** Objects that a kind brings beside its settings. */
export const parts: readonly Part[] = [promptPart];

export const protocols: readonly Protocol[] = [oauth2];
