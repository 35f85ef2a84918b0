//! COPY between the server and the client.

use futures::StreamExt;
use microprolly_sql::{CopyIn, CopyOut, SqlError, SqlState};
use pgwire::messages::copy::{CopyData, CopyDone, CopyInResponse, CopyOutResponse};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};

use super::{Connection, canceled, interruptible};
use crate::error::{Closed, Failure};
use crate::frame::decode;

/// Both formats that COPY has here, csv and text, are text to the protocol.
const TEXT: i8 = 0;

impl Connection {
    /// Takes data from the client until it is done; the command tag.
    pub(crate) async fn copy_in(&mut self, mut copy: CopyIn) -> Result<String, Failure> {
        let columns = column_count(copy.column_count())?;
        let formats = vec![i16::from(TEXT); copy.column_count()];
        self.outbound
            .put(PgWireBackendMessage::CopyInResponse(CopyInResponse::new(TEXT, columns, formats)))?;
        self.outbound.flush().await?;
        loop {
            let frame = tokio::select! {
                biased;
                () = self.cancel.requested() => return Err(canceled().into()),
                frame = self.inbound.frame() => frame.map_err(Closed::from)?,
            };
            let frame = frame.ok_or(Closed::ByClient)?;
            match decode(frame)? {
                PgWireFrontendMessage::CopyData(data) => {
                    let work = copy.write(&mut self.session, data.data);
                    interruptible(&mut self.inbound, &mut self.cancel, work).await??;
                }
                PgWireFrontendMessage::CopyDone(_) => {
                    let work = copy.finish(&mut self.session);
                    return Ok(interruptible(&mut self.inbound, &mut self.cancel, work).await??);
                }
                PgWireFrontendMessage::CopyFail(fail) => {
                    return Err(SqlError::new(
                        SqlState::QUERY_CANCELED,
                        format!("COPY from stdin failed: {}", fail.message),
                    )
                    .into());
                }
                // Clients send these behind the Execute, before they know that data is wanted.
                PgWireFrontendMessage::Flush(_) | PgWireFrontendMessage::Sync(_) => {}
                PgWireFrontendMessage::Terminate(_) => return Err(Closed::ByClient.into()),
                _ => {
                    return Err(Closed::Protocol(
                        "unexpected message type during COPY from stdin".to_owned(),
                    )
                    .into());
                }
            }
        }
    }

    /// Sends data to the client; the command tag.
    pub(crate) async fn copy_out(&mut self, copy: CopyOut) -> Result<String, Failure> {
        let columns = column_count(copy.column_count)?;
        let formats = vec![i16::from(TEXT); copy.column_count];
        let rows = copy.rows();
        let mut stream = copy.stream;
        self.outbound
            .put(PgWireBackendMessage::CopyOutResponse(CopyOutResponse::new(TEXT, columns, formats)))?;
        while let Some(lines) = interruptible(&mut self.inbound, &mut self.cancel, stream.next()).await? {
            self.outbound.put(PgWireBackendMessage::CopyData(CopyData::new(lines?)))?;
            if self.outbound.is_full() {
                interruptible(&mut self.inbound, &mut self.cancel, self.outbound.flush()).await??;
            }
        }
        self.outbound.put(PgWireBackendMessage::CopyDone(CopyDone::new()))?;
        Ok(format!("COPY {}", rows.load(std::sync::atomic::Ordering::Relaxed)))
    }
}

fn column_count(count: usize) -> Result<i16, SqlError> {
    i16::try_from(count)
        .map_err(|_| SqlError::new(SqlState::TOO_MANY_COLUMNS, format!("COPY of {count} columns")))
}
