import Storage

/// What the gateway must remember to be the same for players after a restart: what its live
/// playlists have said, and the key that signs links.
enum StreamingSchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "streaming", [Migration("live playlists and the key of links", first)]
  )

  private static let first = """
    CREATE TABLE live_lines (
      stream TEXT PRIMARY KEY,
      target_s INTEGER NOT NULL       -- EXT-X-TARGETDURATION, for as long as the line lasts
    ) STRICT;

    CREATE TABLE live_items (
      stream TEXT NOT NULL,
      number INTEGER NOT NULL,        -- media sequence number
      body TEXT NOT NULL,             -- LiveLine.Item as JSON
      PRIMARY KEY (stream, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE link_key (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      secret BLOB NOT NULL            -- 32 random bytes; deleting the row ends all links
    ) STRICT;
    """
}
