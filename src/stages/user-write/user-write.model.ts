/** What is stored of the stage. */
import { choice, declare, flag, optionalReference, text } from '../../core/declaration.ts';
import { userTypes } from '../../core/models/people.ts';
import type { StageRun } from '../stage.ts';

/** Whether accounts are made, and how. */
export const userWriteStageModel = declare({
  model: 'authentik_stages_user_write.userwritestage',
  table: 'stages',
  kind: 'user-write',
  component: 'ak-stage-user-write-form',
  verboseName: 'User Write Stage',
  verboseNamePlural: 'User Write Stages',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    user_creation_mode: choice(['never_create', 'create_when_required', 'always_create'], {
      default: 'create_when_required',
      help: 'Whether an account is made when nobody is known yet, always, or never.',
    }),
    create_users_as_inactive: flag(true, { help: 'New accounts cannot be used until somebody activates them.' }),
    create_users_group: optionalReference('groups', { help: 'Group that new accounts are put into.' }),
    user_type: choice(userTypes, { default: 'external', help: 'The type of new accounts.' }),
    user_path_template: text({ default: '', max: 500, help: 'The path of new accounts.' }),
  },
});

export type UserWriteRun = StageRun<typeof userWriteStageModel.fields>;
