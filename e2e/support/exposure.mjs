// Computes who reaches an account from the state of AWS: an independent check of the report's rows.

/** Returns a key `person account set path` for every path to one of the accounts, sorted. */
export async function reachedBy(aws, accounts) {
  const held = await aws.state();
  const names = new Map(held.groups.map((group) => [group.id, group.display_name]));
  const people = new Set(held.users.map((user) => user.id));
  const members = new Map();
  for (const { group, user } of held.memberships) members.set(group, [...(members.get(group) ?? []), user]);
  const keys = [];
  for (const one of held.assignments.filter((assignment) => accounts.has(assignment.account))) {
    const ways =
      one.principal_type === 'USER'
        ? [[one.principal_id, 'direct']]
        : (members.get(one.principal_id) ?? []).map((user) => [user, `group: ${names.get(one.principal_id)}`]);
    for (const [user, path] of ways) {
      // A deleted user cannot sign in.
      if (people.has(user)) keys.push([user, one.account, one.permission_set, path].join(' '));
    }
  }
  return keys.sort();
}

/** Parses RFC 4180 text into objects whose members are named by the first line. */
export function parseCsv(text) {
  const lines = [];
  let cells = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') cell += text[(at += 1)];
      else quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === ',') cells.push(cell), (cell = '');
    else if (sign === '\n') lines.push([...cells, cell]), (cells = []), (cell = '');
    else if (sign !== '\r') cell += sign;
  }
  const [head, ...rows] = lines;
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at]])));
}
