/** Which methods a path allows, for the answer 405 (RFC 9110 section 15.5.6). */

/** One route as it was registered: its method and its pattern, such as `/api/v3/core/users/:id/`. */
export type RoutePattern = { readonly method: string; readonly segments: readonly string[] };

/** Splits a pattern once, so that a path that is not found costs little. */
export function routePattern(method: string, pattern: string): RoutePattern {
  return { method, segments: pattern.split('/') };
}

/** The methods under which some route has this path; none where the path is not known at all. */
export function allowedMethods(routes: readonly RoutePattern[], path: string): readonly string[] {
  const segments = path.split('/');
  return [...new Set(routes.filter((route) => matches(route.segments, segments)).map((route) => route.method))];
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, segment] of pattern.entries()) {
    if (segment.endsWith('*')) return path.length > index;
    const given = path[index];
    if (given === undefined || (segment.includes(':') ? given === '' : given !== segment)) return false;
  }
  return pattern.length === path.length;
}
