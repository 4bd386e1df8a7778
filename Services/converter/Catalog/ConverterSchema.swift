internal import Storage

/// The converter's tables, beside those of the bus in the same database.
enum ConverterSchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "converter", [Migration("drops and what became of them", first)]
  )

  private static let first = """
    -- Every drop that was ever found: the index that a scan compares with, and the account of the work.
    -- A drop that is rewritten after its conversion ended takes the place of the old row.
    CREATE TABLE conversions (
      number INTEGER PRIMARY KEY,      -- in the order in which they were found
      id TEXT NOT NULL UNIQUE,         -- hash of path, device, inode, size and time when first found
      path BLOB NOT NULL UNIQUE,       -- absolute; names need not be UTF-8
      device INTEGER NOT NULL,         -- of the content that the row speaks of
      inode INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      modified_ns INTEGER NOT NULL,    -- nanoseconds since the epoch
      state TEXT NOT NULL,             -- ConversionState
      reason TEXT,                     -- one sentence where the state needs one
      is_cancelled INTEGER NOT NULL,   -- 1: called off by a person
      attempts INTEGER NOT NULL,       -- tries that were begun
      failures INTEGER NOT NULL,       -- failed tries since the last new start
      crashes INTEGER NOT NULL,        -- tries in a row whose end is not known
      retry_at_us INTEGER,             -- queued: not before
      source TEXT,                     -- what ffprobe said, for people
      duration_us INTEGER,             -- length of the drop
      file TEXT,                       -- FinishedFile as JSON: about to be placed, or there
      captions TEXT,                   -- ConversionCaptions as JSON, likewise
      pending_after TEXT,              -- 'move' or 'delete': still to be done with the drop
      gone_at_us INTEGER,              -- since when the drop of ended work is missing
      found_at_us INTEGER NOT NULL,
      queued_at_us INTEGER,
      started_at_us INTEGER,           -- of the last try
      updated_at_us INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX conversions_by_content ON conversions (inode, modified_ns, bytes);
    CREATE INDEX conversions_open ON conversions (state, retry_at_us, queued_at_us)
      WHERE state IN ('growing', 'queued', 'converting', 'verifying');
    CREATE INDEX conversions_after ON conversions (pending_after) WHERE pending_after IS NOT NULL;
    """
}
