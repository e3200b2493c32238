import { ChangeEvent, OnlineUser, StateEvent } from '../wire/server-event';

/** Who is online: each name with its number of tabs. Never changed, only replaced. */
export type People = ReadonlyMap<string, number>;

// As people sort: guest-9 before guest-10, é beside e.
const NAMES = new Intl.Collator(undefined, { numeric: true });

/** One line of the list of people. */
export interface Person {
  readonly name: string;
  readonly tabs: number;
  readonly you: boolean;
  readonly guest: boolean;
}

/** People after a `state` or a change: state replaces everything, changes add or remove one. */
export function after(people: People, event: StateEvent | ChangeEvent): People {
  if (event.event === 'state') {
    return new Map(event.users.map(({ user, tabs }) => [user, tabs]));
  }
  const changed = new Map(people);
  if (event.event === 'left') changed.delete(event.user);
  // A user whose first tab opened has one; one who is here already keeps the known number.
  else changed.set(event.user, people.get(event.user) ?? 1);
  return changed;
}

/** People with the numbers of tabs read again. Who is here is for the WebSocket alone to say. */
export function recounted(people: People, users: readonly OnlineUser[]): People {
  const counted = new Map(users.map(({ user, tabs }) => [user, tabs]));
  const entries = [...people].map(([name, tabs]) => [name, counted.get(name) ?? tabs] as const);
  // The same object as before where nothing changed: then nothing is drawn again either.
  return entries.every(([name, tabs]) => people.get(name) === tabs) ? people : new Map(entries);
}

/** The lines of the list: you first, then users, then guests, each by name. */
export function lines(people: People, you: string | null): readonly Person[] {
  const persons = [...people].map(([name, tabs]) => ({
    name,
    tabs,
    you: name === you,
    guest: isGuest(name),
  }));
  return persons.sort((a, b) => rank(a) - rank(b) || NAMES.compare(a.name, b.name));
}

/** Only guests are called so: the server gives no such name to a registered user. */
export function isGuest(name: string): boolean {
  return name.startsWith('guest-');
}

function rank(person: Person): number {
  if (person.you) return 0;
  return person.guest ? 2 : 1;
}
