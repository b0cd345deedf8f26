type Tags = Readonly<Record<string, string>>;

// On the wire, no tags and an empty set of tags are the same.

export function encodeTags(tags: Tags | undefined): Tags {
  return tags ?? {};
}

export function decodeTags(tags: Tags): Tags | undefined {
  return Object.keys(tags).length === 0 ? undefined : tags;
}
