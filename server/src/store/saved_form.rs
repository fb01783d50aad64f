//! Form input that was posted after a session had ended, kept for the same subject. Never a secret: the
//! caller selects the fields.

use domain::{person::Subject, time::Timestamp};

use super::{Store, StoreError, Tx, json, session::KEEP_SAVED_FORM, to_json};

/// The maximum number of saved forms per subject.
const SAVED_FORMS: i64 = 20;

/// The input: names and values in the order of the form.
pub type FormFields = Vec<(String, String)>;

/// A form to save.
#[derive(Debug)]
pub struct SavedForm<'a> {
    /// The id in the page's URL.
    pub id: &'a str,
    /// The user who entered the values.
    pub subject: &'a Subject,
    /// The path of the page with the form.
    pub page: &'a str,
    pub fields: &'a FormFields,
}

/// Saves form input, for the same subject and page only.
pub async fn save_form(
    tx: &mut Tx,
    form: &SavedForm<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let subject = form.subject;
    sqlx::query(
        "insert into draft (id, iss, sub, path, fields, saved_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(form.id)
    .bind(&subject.iss)
    .bind(&subject.sub)
    .bind(form.page)
    .bind(to_json(form.fields))
    .bind(now.0)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "delete from draft where iss = $1 and sub = $2 and id not in \
         (select id from draft where iss = $1 and sub = $2 order by saved_at desc, id desc limit $3)",
    )
    .bind(&subject.iss)
    .bind(&subject.sub)
    .bind(SAVED_FORMS)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the saved input of this subject on this page. The input of another subject or page is not found.
pub async fn saved_form(
    store: &Store,
    form_id: &str,
    subject: &Subject,
    page: &str,
    now: Timestamp,
) -> Result<Option<FormFields>, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(
        "select fields from draft where id = $1 and iss = $2 and sub = $3 and path = $4 and saved_at > $5",
    )
    .bind(form_id)
    .bind(&subject.iss)
    .bind(&subject.sub)
    .bind(page)
    .bind((now - KEEP_SAVED_FORM).0)
    .fetch_optional(store.read())
    .await?;
    row.map(|(fields,)| json("draft", &fields)).transpose()
}
