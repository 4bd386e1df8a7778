import Storage

/// The gateway's own tables: accounts, which are its own truth, and the read model, which holds the
/// latest full state that others said and can be thrown away and asked for again.
enum GatewaySchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "gateway",
    [
      Migration("accounts", accounts), Migration("the read model of all other services", readModel),
      Migration("the read model of drops, podcasts and alerts", archive),
      Migration("the read model of holidays and of locks on tapes", tapes),
    ]
  )

  private static let accounts = """
    CREATE TABLE users (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,      -- what one logs in with
      password_hash TEXT NOT NULL,    -- Argon2id in libsodium's text form, salt and costs included
      is_first_password INTEGER NOT NULL,  -- 1 while it is the one that was made at the first start
      created_at_us INTEGER NOT NULL,
      changed_at_us INTEGER NOT NULL  -- when the password was last set
    ) STRICT;

    CREATE TABLE sessions (
      id TEXT PRIMARY KEY,            -- for lists and for ending it; no secret
      token_hash BLOB NOT NULL UNIQUE,  -- SHA-256 of the cookie's value
      user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at_us INTEGER NOT NULL,
      used_at_us INTEGER NOT NULL,    -- to the minute
      expires_at_us INTEGER NOT NULL, -- however much it is used
      peer TEXT NOT NULL,             -- IP address at the login
      agent TEXT NOT NULL             -- the browser, as it names itself
    ) STRICT;

    CREATE TABLE api_tokens (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,             -- what it is for, as its maker wrote
      token_hash BLOB NOT NULL UNIQUE,  -- SHA-256 of the token
      user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at_us INTEGER NOT NULL,
      used_at_us INTEGER              -- to the minute; NULL: never
    ) STRICT;

    CREATE TABLE commands (
      id TEXT PRIMARY KEY,            -- the message's id
      user TEXT NOT NULL,             -- who gave it
      summary TEXT NOT NULL,          -- such as 'stream.put radio-one'
      sent_at_us INTEGER NOT NULL,
      outcome TEXT                    -- CommandOutcome as JSON; NULL while it is not known
    ) STRICT;
    CREATE INDEX commands_by_age ON commands (sent_at_us);
    """

  private static let readModel = """
    CREATE TABLE streams (
      id TEXT PRIMARY KEY,
      body TEXT NOT NULL              -- StreamDefinition as JSON
    ) STRICT;

    CREATE TABLE stream_status (
      stream TEXT PRIMARY KEY,
      body TEXT NOT NULL              -- CaptureStatus as JSON
    ) STRICT;

    CREATE TABLE schedules (
      id TEXT PRIMARY KEY,
      body TEXT NOT NULL              -- ScheduleChanged as JSON, the next starts included
    ) STRICT;

    CREATE TABLE recordings (
      id TEXT PRIMARY KEY,
      stream TEXT NOT NULL,
      schedule TEXT NOT NULL,
      state TEXT NOT NULL,            -- RecordingState
      start_us INTEGER NOT NULL,      -- of the show, without padding
      body TEXT NOT NULL              -- Recording as JSON
    ) STRICT;
    CREATE INDEX recordings_by_start ON recordings (start_us, id);
    CREATE INDEX recordings_by_state ON recordings (state, start_us);

    CREATE TABLE destinations (
      id TEXT PRIMARY KEY,
      body TEXT NOT NULL              -- DestinationChanged as JSON, with its fault
    ) STRICT;

    CREATE TABLE deliveries (
      id TEXT PRIMARY KEY,
      recording TEXT NOT NULL,
      state TEXT NOT NULL,            -- DeliveryState
      updated_at_us INTEGER NOT NULL,
      body TEXT NOT NULL              -- Delivery as JSON
    ) STRICT;
    CREATE INDEX deliveries_by_recording ON deliveries (recording);
    CREATE INDEX deliveries_by_age ON deliveries (updated_at_us, id);

    CREATE TABLE delivery_identity (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      public_key TEXT NOT NULL        -- one line for authorized_keys
    ) STRICT;
    """

  private static let archive = """
    CREATE TABLE conversions (
      id TEXT PRIMARY KEY,
      state TEXT NOT NULL,            -- ConversionState
      updated_at_us INTEGER NOT NULL,
      body TEXT NOT NULL              -- Conversion as JSON
    ) STRICT;
    CREATE INDEX conversions_by_age ON conversions (updated_at_us, id);
    CREATE INDEX conversions_by_state ON conversions (state, updated_at_us, id);

    CREATE TABLE feeds (
      id TEXT PRIMARY KEY,
      label TEXT NOT NULL,            -- what people call it, in lower case: the order of lists
      search TEXT NOT NULL,           -- name, title and address without secrets, in lower case
      state TEXT NOT NULL,            -- FeedState
      archived INTEGER NOT NULL,      -- episodes whose files are in the archive
      archived_bytes INTEGER NOT NULL,
      body TEXT NOT NULL              -- FeedChanged as JSON
    ) STRICT;
    CREATE INDEX feeds_by_label ON feeds (label, id);
    CREATE INDEX feeds_by_state ON feeds (state, label, id);

    CREATE TABLE episodes (
      id TEXT PRIMARY KEY,
      feed TEXT NOT NULL,
      state TEXT NOT NULL,            -- EpisodeState
      published_at_us INTEGER NOT NULL,  -- when it was first heard of, where the feed does not say
      updated_at_us INTEGER NOT NULL,
      body TEXT NOT NULL              -- Episode as JSON
    ) STRICT;
    CREATE INDEX episodes_by_feed ON episodes (feed, published_at_us, id);
    CREATE INDEX episodes_by_age ON episodes (updated_at_us, id);
    CREATE INDEX episodes_by_state ON episodes (state, updated_at_us, id);

    CREATE TABLE alerts (
      id TEXT PRIMARY KEY,
      is_open INTEGER NOT NULL,       -- 1 while what it tells of lasts
      mail TEXT NOT NULL,             -- AlertMailState
      raised_at_us INTEGER NOT NULL,
      body TEXT NOT NULL              -- Alert as JSON
    ) STRICT;
    CREATE INDEX alerts_by_age ON alerts (is_open, raised_at_us, id);

    CREATE TABLE mailer (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      body TEXT NOT NULL              -- MailerChanged as JSON
    ) STRICT;

    ALTER TABLE delivery_identity ADD COLUMN sealing_key TEXT;  -- in Base64; NULL: takes no secrets

    ALTER TABLE deliveries ADD COLUMN origin TEXT NOT NULL DEFAULT 'recording';
    ALTER TABLE deliveries ADD COLUMN destination TEXT NOT NULL DEFAULT '';
    UPDATE deliveries SET destination = json_extract(body, '$.destination');
    CREATE INDEX deliveries_by_state ON deliveries (state, updated_at_us, id);
    """

  private static let tapes = """
    CREATE TABLE holidays (
      id TEXT PRIMARY KEY,
      body TEXT NOT NULL              -- Holidays as JSON
    ) STRICT;

    CREATE TABLE tape_locks (
      stream TEXT PRIMARY KEY,
      body TEXT NOT NULL              -- TapeLocksChanged as JSON: all locks of the stream
    ) STRICT;
    """
}
