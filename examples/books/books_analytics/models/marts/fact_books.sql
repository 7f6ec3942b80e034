{{ config(
    unique_key='book_key',
    post_hook="delete from {{ this }} where book_key not in (select book_key from {{ ref('stg_books') }})"
) }}

select
    book_key,
    author_key,
    book_title,
    author_name,
    original_language,
    first_published_year,
    first_published_year / 10 * 10 as decade,
    genre,
    sales_millions,
    ingested_at
from {{ ref('stg_books') }}
