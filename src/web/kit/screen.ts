/** The shape of a screen: how one challenge is shown to a person. Pure functions from JSON to HTML. */
import type { Framed } from './challenge.wire.ts';
import type { Html } from './html.ts';

/** A button that sends the form. `name` and `value` are sent too when this button was pressed. */
export interface Action {
  readonly label: string;
  readonly name?: string;
  readonly value?: string;
}

/** What a screen knows besides its challenge. */
export interface ScreenPage {
  /** What the person typed before the page was drawn again, by field name. Never holds a password. */
  readonly typed: Readonly<Record<string, string>>;
}

/** A field that the screen draws, so that an error can be named and linked. */
export interface ScreenField {
  readonly name: string;
  readonly label: string;
}

/** How the challenge of one component is shown. The page around it (brand, form, hidden fields) is `web/flow/page.ts`. */
export interface Screen<C extends { readonly component: string }> {
  readonly component: C['component'];
  /** The one heading of the page, and the first part of its title. */
  heading(challenge: Framed<C>): string;
  /** The sentence under the heading. */
  lead?(challenge: Framed<C>): Html | string | undefined;
  /** What stands between the heading and the buttons; inside the form when there are actions. */
  body(challenge: Framed<C>, page: ScreenPage): Html;
  /** The buttons, the main one first. Without any there is no form. */
  actions?(challenge: Framed<C>): readonly Action[];
  /** What stands under the form: links and other ways in. */
  after?(challenge: Framed<C>, page: ScreenPage): Html;
  /** The fields that `body` draws; errors of other fields are shown above the form. */
  fields?(challenge: Framed<C>): readonly ScreenField[];
  /** True when the form must be sent as `multipart/form-data`, because it has a file. */
  multipart?(challenge: Framed<C>): boolean;
}
