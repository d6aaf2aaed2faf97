//! Looking at a store again and again: its connection stays open between looks.
//!
//! A look that opens one anew costs more than what is read, and a run looks at every store after every step. Whatever breaks on an open
//! connection is tried once more on a new one, so that a look fails only where a first one would.

use super::{StoreAt, StoreKind, bounded, postgres, queues, snapshot};
use crate::StageError;
use seam_verify::State;
use tokio::sync::Mutex;

pub(crate) struct Eye {
    pub at: StoreAt,
    postgres: Mutex<Option<postgres::Open>>,
    queues: Mutex<Option<queues::Open>>,
}

impl Eye {
    pub fn new(at: StoreAt) -> Eye {
        Eye { at, postgres: Mutex::default(), queues: Mutex::default() }
    }

    pub async fn look(&self) -> Result<State, StageError> {
        match self.at.kind {
            StoreKind::Postgres => bounded(&self.at, "read", self.at_postgres()).await,
            StoreKind::Queues => bounded(&self.at, "read", self.at_queues()).await,
            StoreKind::Redis | StoreKind::Sqlite | StoreKind::Endpoint => snapshot(&self.at).await,
        }
    }

    async fn at_postgres(&self) -> Result<State, String> {
        let mut kept = self.postgres.lock().await;
        if let Some(open) = kept.take()
            && let Ok(state) = open.look().await
        {
            *kept = Some(open);
            return Ok(state);
        }
        let open = postgres::Open::to(&self.at.address).await?;
        let state = open.look().await?;
        *kept = Some(open);
        Ok(state)
    }

    async fn at_queues(&self) -> Result<State, String> {
        let mut kept = self.queues.lock().await;
        if let Some(open) = kept.take()
            && let Ok(state) = open.look().await
        {
            *kept = Some(open);
            return Ok(state);
        }
        let open = queues::Open::to(&self.at.address).await?;
        let state = open.look().await?;
        *kept = Some(open);
        Ok(state)
    }
}
