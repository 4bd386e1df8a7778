internal import Storage

/// The feeder's tables, beside those of the bus in the same database.
enum FeederSchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "feeder",
    [
      Migration("feeds, episodes, their names, and servers at rest", first),
      Migration("counting and choosing among a million episodes", second),
    ]
  )

  private static let first = """
    CREATE TABLE feeds (
      id TEXT PRIMARY KEY,
      definition TEXT NOT NULL,        -- FeedDefinition as JSON
      host TEXT NOT NULL,              -- of its address, in lower case
      url TEXT NOT NULL,               -- its address in its normal form, by which it is known again
      is_enabled INTEGER NOT NULL,
      standing TEXT NOT NULL,          -- FeedStanding as JSON: state, circuit, moves, interval
      next_at_us INTEGER NOT NULL,     -- when it is fetched next
      is_asked INTEGER NOT NULL,       -- 1: a person wants it fetched whatever its circuit says
      title TEXT,                      -- its own, as words
      image_url TEXT,
      listed INTEGER NOT NULL,         -- items in its last document
      warnings TEXT NOT NULL,          -- what was mended in it, JSON list
      etag TEXT,                       -- byte for byte as the server said it
      last_modified TEXT,              -- likewise
      validated_url TEXT,              -- what the two are of
      body_sha256 TEXT,                -- of the last document, after decompression
      read_at_us INTEGER,              -- when a whole document last came
      is_complete INTEGER NOT NULL,    -- 1: its further pages (RFC 5005) were read once
      updated_at_us INTEGER NOT NULL   -- wall time of the last change by a person
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX feeds_by_url ON feeds (url);

    -- With row ids, so that what one document brings lies together: by the random order of their ids
    -- each would touch a page of its own.
    CREATE TABLE episodes (
      id TEXT PRIMARY KEY,             -- hash of the feed and of what first made it recognisable
      feed TEXT NOT NULL,
      title TEXT NOT NULL,             -- as words
      published_at_us INTEGER,         -- as the feed says
      seen_at_us INTEGER NOT NULL,     -- when it was first listed
      url TEXT NOT NULL,               -- of its media file
      host TEXT NOT NULL,              -- of that
      type TEXT,                       -- content type, as the feed declares it
      declared_bytes INTEGER,          -- as the feed declares them
      declared_duration_us INTEGER,    -- likewise
      state TEXT NOT NULL CHECK (state IN ('listed', 'queued', 'downloading', 'validating',
        'archived', 'waiting', 'failed')),
      attempts INTEGER NOT NULL,       -- tries begun, counted before they begin
      failures INTEGER NOT NULL,       -- tries failed since it was last given a new start
      crashes INTEGER NOT NULL,        -- tries in a row whose end was never recorded
      reason TEXT,                     -- one sentence where the state needs one
      retry_at_us INTEGER,             -- when the next try is due
      server_bytes INTEGER,            -- the whole file's, as the server said at the last try
      part_validator TEXT,             -- of what lies under the temporary name: ETag or Last-Modified
      part_url TEXT,                   -- where that came from
      doubt_sha256 TEXT,               -- of a file that was refused for being shorter than declared
      placed_path TEXT,                -- where the checked file is to be; written before its rename
      placed TEXT,                     -- FinishedFile as JSON, likewise; in 'archived' the file
      sha256 TEXT,                     -- of the archived file
      archived_bytes INTEGER,          -- of the archived file; 0 where another episode has it
      updated_at_us INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX episodes_by_feed ON episodes (feed, published_at_us);
    CREATE INDEX episodes_due ON episodes (state, retry_at_us)
      WHERE state IN ('queued', 'waiting', 'downloading', 'validating');
    CREATE INDEX episodes_by_content ON episodes (sha256) WHERE sha256 IS NOT NULL;

    -- Every name under which a feed has listed an episode: guids, addresses, and both change.
    CREATE TABLE episode_names (
      feed TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('guid', 'url')),
      name TEXT NOT NULL,              -- hash of the guid, or of the normalised address
      episode TEXT NOT NULL,
      PRIMARY KEY (feed, kind, name)
    ) STRICT, WITHOUT ROWID;

    -- Servers that asked to be left alone (Retry-After).
    CREATE TABLE resting_hosts (
      host TEXT PRIMARY KEY,
      until_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  private static let second = """
    -- Answers by itself how many there are of each state, and how many bytes.
    CREATE INDEX episodes_counted ON episodes (state, archived_bytes);
    -- The servers of what is queued, one seek each, and of each server the newest.
    CREATE INDEX episodes_queued ON episodes (host, published_at_us DESC) WHERE state = 'queued';
    """
}
