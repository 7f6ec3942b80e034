{{ config(
    unique_key='room',
    post_hook="delete from {{ this }} where room not in (select room from {{ source('warehouse', 'readings') }})"
) }}

select
    room,
    count(*)                                 as readings,
    round(avg(celsius)::numeric, 1)          as average_celsius,
    min(celsius)                             as least_celsius,
    max(celsius)                             as most_celsius,
    max(measured_at)                         as last_measured_at
from {{ source('warehouse', 'readings') }}
group by room
