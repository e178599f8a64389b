import { declare, flag, text } from '../../core/declaration.ts';
import { ask, defineStage } from '../stage.ts';
import { dummyScreen } from './dummy.screen.ts';

/** A step that asks nothing, to try flows with. */
export const dummy = defineStage({
  kind: 'dummy',
  path: 'stages/dummy',
  declaration: declare({
    model: 'authentik_stages_dummy.dummystage',
    table: 'stages',
    kind: 'dummy',
    component: 'ak-stage-dummy-form',
    verboseName: 'Dummy Stage',
    verboseNamePlural: 'Dummy Stages',
    fields: {
      name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
      throw_error: flag(false, { help: 'Fail, to see what a failure looks like.' }),
    },
  }),
  screen: dummyScreen as never,
  async challenge({ settings }) {
    return ask({ component: 'ak-stage-dummy', name: settings.name });
  },
  async respond({ settings }) {
    if (settings.throw_error) throw new Error('this dummy stage is set to fail');
    return { type: 'next' };
  },
});
